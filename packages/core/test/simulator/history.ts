import { parseBlobRef, type BlobRef } from '../../src/wire/blob-ref.ts'
import type { Json } from '../../src/wire/json.ts'
import type { SimServer } from './sim-server.ts'

/** What a write of the simulated person was, and what became of it. Ticks order any two things that happened. */
export interface Op {
  readonly tag: number
  readonly where: string
  readonly kind: 'insert' | 'update' | 'upsert' | 'delete'
  readonly table: 'photos' | 'albums'
  readonly rowId: string
  /** Each value carries the tag, so that a value found anywhere tells who wrote it. */
  readonly columns: readonly string[]
  readonly startedAt: number
  /** When it could take effect on its device no more, or was known to have done so. */
  endedAt: number
  outcome: 'open' | 'acknowledged' | 'failed' | 'crashed'
  /** Taken back, or parked with a reason: it may be there or not. */
  isWeak: boolean
}

/** Where a write comes from that nobody of ours made. */
export const SERVER = 'server'

const NEVER = Number.POSITIVE_INFINITY

/** All writes of all people, and what may be true of the server's rows because of them. */
export class History {
  readonly ops: Op[] = []
  /** Writes that were made as one. */
  readonly batches: (readonly Op[])[] = []
  readonly #server: SimServer
  readonly #tick: () => number
  /** By tag and column: when the server took it. */
  readonly #appliedAt: Map<string, number> = new Map()
  /** Rows by device whose making was taken back: whether they are there in the end is up to a request that may still be under way. */
  readonly #unmade: Set<string> = new Set()
  #seen = 0

  constructor(server: SimServer, tick: () => number) {
    this.#server = server
    this.#tick = tick
  }

  get nextTag(): number {
    return this.ops.length
  }

  begin(op: Pick<Op, 'where' | 'kind' | 'table' | 'rowId' | 'columns'>): Op {
    this.noteServer()
    const begun: Op = { ...op, tag: this.ops.length, startedAt: this.#tick(), endedAt: NEVER, outcome: 'open', isWeak: false }
    this.ops.push(begun)
    return begun
  }

  noteBatch(ops: readonly Op[]): void {
    this.batches.push(ops)
  }

  end(op: Op, outcome: Op['outcome']): void {
    if (op.outcome !== 'open') return
    op.outcome = outcome
    op.endedAt = this.#tick()
  }

  /** A tab died: what it had not acknowledged may have happened or not, and will not happen any more. */
  crashed(ops: readonly Op[]): void {
    for (const op of ops) this.end(op, 'crashed')
  }

  /** A queued write was taken back or stays parked: with it goes what was merged into it or queued behind it. */
  weaken(where: string, table: string, rowId: string): void {
    this.noteServer()
    for (const op of this.ops) {
      if (op.where !== where || op.table !== table || op.rowId !== rowId) continue
      if (op.columns.some((column) => !this.#appliedAt.has(key(op, column))) || op.kind === 'delete') op.isWeak = true
    }
  }

  /** The write that made a row was taken back: what the same device says about the row, before and after, may come to nothing. */
  unmake(where: string, table: string, rowId: string): void {
    this.#unmade.add(`${where} ${table}/${rowId}`)
  }

  /** Somebody signed out and gave up whatever the server has not: all of it, and what was written while they did. */
  forget(where: string): void {
    for (const key of new Set(this.ops.filter((op) => op.where === where).map(({ table, rowId }) => `${table}/${rowId}`))) {
      const slash = key.indexOf('/')
      this.weaken(where, key.slice(0, slash), key.slice(slash + 1))
    }
  }

  /** Learns which writes the server has taken since. */
  noteServer(): void {
    for (const { ops } of this.#server.accepted.slice(this.#seen)) {
      for (const op of ops) for (const value of Object.entries(op.values)) this.#noteValue(value)
    }
    this.#seen = this.#server.accepted.length
  }

  #noteValue([column, value]: [string, Json]): void {
    const tag = tagOf(value)
    if (tag !== undefined && !this.#appliedAt.has(`${tag}/${column}`)) this.#appliedAt.set(`${tag}/${column}`, this.#tick())
  }

  /** A write by somebody else, at the server itself. */
  noteOutside(op: Op): void {
    for (const column of op.columns) this.#appliedAt.set(key(op, column), this.#tick())
    this.end(op, 'acknowledged')
  }

  /** Writes that must be visible unless something came over them. */
  mustHold(op: Op): boolean {
    return op.outcome === 'acknowledged' && !op.isWeak && !this.#unmade.has(`${op.where} ${op.table}/${op.rowId}`)
  }

  /** Whether `first` took effect before `second` can have: on one device by its queue, over devices by the server. */
  precedes(first: Op, second: Op, column?: string): boolean {
    if ((first.where === second.where || first.where === SERVER) && first.endedAt < second.startedAt) return true
    const applied = column === undefined ? undefined : this.#appliedAt.get(key(first, column))
    return applied !== undefined && applied < second.startedAt
  }

  wasApplied(op: Op): boolean {
    return op.columns.some((column) => this.#appliedAt.has(key(op, column)))
  }
}

function key(op: Op, column: string): string {
  return `${op.tag}/${column}`
}

export function tagged(kind: string, tag: number): string {
  return `${kind}#${tag}`
}

/** Which write a value comes from; a reference carries it in its name. */
export function tagOf(value: Json | BlobRef | undefined): number | undefined {
  const text = typeof value === 'string' ? value : parseBlobRef(value)?.name
  const [, tag] = /#(\d+)$/.exec(text ?? '') ?? []
  return tag === undefined ? undefined : Number(tag)
}
