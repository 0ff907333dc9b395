import type { BlobHash } from '../../src/wire/blob-hash.ts'
import type { MutationWire, RowWire } from '../../src/wire/mutation-wire.ts'
import type { PushOutcome } from '../../src/provider/index.ts'
import { FakeRemote } from '../../src/testing/fake-remote.ts'
import { parseBlobRef } from '../../src/wire/blob-ref.ts'
import type { Random } from './random.ts'
import type { TokenDesk } from './sim-auth.ts'

/** The rules of one server, drawn from the seed. */
export interface ServerRules {
  /** How likely a write or a blob is refused, again and again, until the server is healed. */
  readonly refuses: number
  /** Compares previous values and answers `conflict`. */
  readonly reportsConflicts: boolean
  /** Answers 410 for what it collected. */
  readonly remembersCollected: boolean
  /** Devices keep replicas of the rows, which take writes before the server does. Such a server cannot ask for blobs, so it collects none. */
  readonly replicas: boolean
}

/** One server for all devices: FakeRemote with refusals, conflicts and garbage collection. */
export class SimServer {
  readonly remote: FakeRemote = new FakeRemote()
  /** Every mutation that took effect, as it was given. */
  readonly accepted: MutationWire[] = []
  readonly collected: Set<BlobHash> = new Set()
  /** Rows of which it refused a write when the device's replica had taken it, and maybe later ones, already. */
  readonly refusedLate: Set<string> = new Set()
  /** Left out: whoever asks is served. */
  tokens: TokenDesk | undefined
  /** A write met other values than its person saw. */
  onConflict: (ops: MutationWire['ops']) => void = () => undefined
  #rules: ServerRules
  readonly #random: Random
  readonly #verdicts: Map<string, boolean> = new Map()
  readonly #unreferencedSince: Map<BlobHash, number> = new Map()
  #step = 0
  #uploadsSeen = 0

  constructor(rules: ServerRules, random: Random) {
    this.#rules = rules
    this.#random = random
  }

  get replicas(): boolean {
    return this.#rules.replicas
  }

  /** People change the rules of a server while it runs. */
  reportConflicts(does: boolean): void {
    if (!this.#rules.replicas) this.#rules = { ...this.#rules, reportsConflicts: does }
  }

  heal(): void {
    this.#rules = { ...this.#rules, refuses: 0, reportsConflicts: false }
    this.#verdicts.clear()
  }

  /** The same answer each time for one item: its own fault, not the network's. */
  refuses(id: string): boolean {
    const known = this.#verdicts.get(id)
    if (known !== undefined) return known
    const verdict = this.#random.chance(this.#rules.refuses)
    this.#verdicts.set(id, verdict)
    return verdict
  }

  isGone(hash: BlobHash): boolean {
    return this.#rules.remembersCollected && this.collected.has(hash) && !this.remote.blobs.has(hash)
  }

  /** Answers one mutation: takes it, or says why not. */
  take(mutation: MutationWire): PushOutcome {
    const { id, ops } = mutation
    if (this.remote.applied.includes(id)) return this.remote.apply(mutation)
    const outcome = this.#verdictOn(mutation)
    if (outcome === undefined) {
      this.accepted.push(mutation)
      return this.remote.apply(mutation)
    }
    if (this.#rules.replicas) for (const { table, rowId } of ops) this.refusedLate.add(`${table}/${rowId}`)
    return outcome
  }

  #verdictOn({ id, ops }: MutationWire): PushOutcome | undefined {
    if (this.refuses(id)) return { id, is: 'rejected', code: 'SIM_REFUSED' }
    const hashes = this.#hashesIn(ops.map((op) => op.values)).filter((hash) => !this.remote.blobs.has(hash))
    if (hashes.length > 0) return { id, is: 'needs-blobs', hashes }
    const conflict = this.#rules.reportsConflicts ? this.remote.conflictIn({ id, ops }) : undefined
    if (conflict === undefined) return undefined
    this.onConflict(ops)
    return { id, is: 'conflict', ...conflict }
  }

  /** Removes what no row has named for at least `graceSteps` steps. An upload counts as being named. */
  collect(graceSteps: number): readonly BlobHash[] {
    if (this.#rules.replicas) return []
    this.#step += 1
    for (const hash of this.remote.uploads.slice(this.#uploadsSeen)) this.#unreferencedSince.set(hash, this.#step)
    this.#uploadsSeen = this.remote.uploads.length
    const named = new Set(this.#hashesIn([...this.remote.rows.values()]))
    const removed: BlobHash[] = []
    for (const hash of [...this.remote.blobs.keys()]) {
      const since = this.#unreferencedSince.get(hash) ?? this.#step
      if (named.has(hash)) this.#unreferencedSince.delete(hash)
      else if (this.#step - since >= graceSteps) {
        this.remote.blobs.delete(hash)
        this.collected.add(hash)
        this.#unreferencedSince.delete(hash)
        removed.push(hash)
      } else this.#unreferencedSince.set(hash, since)
    }
    return removed
  }

  #hashesIn(rows: readonly RowWire[]): readonly BlobHash[] {
    return rows.flatMap((row) => Object.values(row).flatMap((value) => parseBlobRef(value)?.hash ?? []))
  }
}
