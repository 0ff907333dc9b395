import type { Settlement } from '@bse/core/provider'
import type { Json, MutationId } from '@bse/core/wire'
import { isPast, parseToken, type PushToken, type TableProgress } from './proof.ts'

interface Waiting {
  /** `undefined` for one that this provider did not give: an app that changed its backend. */
  readonly token: PushToken | undefined
  readonly sinceMs: number
  /** How often each table was up to date when the answer came. */
  readonly rounds: ReadonlyMap<string, number>
}

/** Where every other proof is missing, so much later and after so many more answers of its tables a mutation counts as contained. */
const LAST_RESORT = { afterMs: 30_000, rounds: 2 }

/** Which mutations this session has still to settle. Each is told of once. */
export class Settler {
  readonly #nowMs: () => number
  readonly #told = new Set<MutationId>()
  readonly #waiting = new Map<MutationId, Waiting>()
  readonly #progress = new Map<string, TableProgress>()
  readonly #rounds = new Map<string, number>()
  readonly #tables: ReadonlySet<string>

  /** `tables` are those of the schema: what a token says of others cannot be waited for. */
  constructor(tables: Iterable<string>, nowMs: () => number) {
    this.#tables = new Set(tables)
    this.#nowMs = nowMs
  }

  /** A push was answered with it. */
  add(id: MutationId, token: PushToken | undefined): void {
    if (this.#told.has(id) || this.#waiting.has(id)) return
    this.#waiting.set(id, { token, sinceMs: this.#nowMs(), rounds: new Map(this.#rounds) })
  }

  /** The next batch has a table this far. */
  progress(table: string, progress: TableProgress, upToDate: boolean): void {
    // A step in the middle of the log says nothing of the whole database, and takes nothing back.
    this.#progress.set(table, { place: progress.place, seenLsn: progress.seenLsn ?? this.#progress.get(table)?.seenLsn })
    if (upToDate) this.#rounds.set(table, (this.#rounds.get(table) ?? 0) + 1)
  }

  /** For the next batch. */
  settle(awaiting: ReadonlyMap<MutationId, Json>): readonly Settlement[] {
    for (const [id, value] of awaiting) this.add(id, parseToken(value))
    const settled = [...this.#waiting].filter(([, waiting]) => this.#unproven(waiting).length === 0).map(([id]) => id)
    for (const id of settled) {
      this.#waiting.delete(id)
      this.#told.add(id)
    }
    return settled.map((id) => ({ id, as: 'contained' }))
  }

  /** Tables whose streams have still to show that they are past something. */
  waitingFor(): ReadonlySet<string> {
    return new Set([...this.#waiting.values()].flatMap((waiting) => this.#unproven(waiting)))
  }

  #unproven(waiting: Waiting): readonly string[] {
    const tables = waiting.token?.tables ?? [...this.#tables]
    return tables.filter((table) => this.#tables.has(table) && !this.#isProven(table, waiting))
  }

  #isProven(table: string, { rounds, sinceMs, token }: Waiting): boolean {
    const progress = this.#progress.get(table)
    if (progress === undefined) return false
    if (token !== undefined && isPast(progress, token)) return true
    const answers = (this.#rounds.get(table) ?? 0) - (rounds.get(table) ?? 0)
    return answers >= LAST_RESORT.rounds && this.#nowMs() - sinceMs >= LAST_RESORT.afterMs
  }
}
