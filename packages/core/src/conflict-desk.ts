import { answerConflict } from './conflict-answer.ts'
import type { ConflictBlob, ConflictBlobs } from './conflict-types.ts'
import { BseError } from './errors.ts'
import type { SyncConflict } from './events.ts'
import { conflictOf } from './item-events.ts'
import type { ConflictOutcome } from './model/conflict.ts'
import type { MutationRecord } from './model/mutation.ts'
import type { Locks } from './provider/environment.ts'
import { decodeCells, validateUpdate, type Schema } from './schema/index.ts'
import type { Mirror } from './tabs/mirror.ts'
import type { ActionDeps } from './user-actions.ts'
import { parseBlobRef, type BlobRef } from './wire/blob-ref.ts'
import type { Json } from './wire/json.ts'
import type { MutationOp, RowWire } from './wire/mutation-wire.ts'

export interface ConflictDeskDeps extends ActionDeps {
  /** The app's handler; left out in tabs that have none. */
  readonly ask: ((conflict: never) => unknown) | undefined
  readonly schema: Schema
  readonly mirror: Mirror
  readonly locks: Locks
  readonly namespace: string
  readonly closing: AbortSignal
  readonly nowMs: () => number
  readonly urlOf: (ref: BlobRef) => Promise<string>
  /** The row as it is shown here. */
  readonly shown: (table: string, rowId: string) => RowWire | undefined
  readonly onResolved: (conflict: SyncConflict) => void
  /** The app has answered, or will not. */
  readonly onDecided: () => void
  readonly onFailure: (record: MutationRecord, error: unknown) => void
}

/** Asks the app about open conflicts, in one tab at a time, and commits what it answers. The conflict itself is in state. */
export class ConflictDesk {
  readonly #deps: ConflictDeskDeps
  /** What this tab has asked about, or has in line: by write and by what the server had. */
  readonly #asked: Set<string> = new Set()
  readonly #deciding: Set<string> = new Set()
  /** Conflicts that were ended by this tab, until the queue shows it. */
  readonly #answered: Set<string> = new Set()

  constructor(deps: ConflictDeskDeps) {
    this.#deps = deps
  }

  /** The app is being asked about this write, or in line to be, or its answer is not seen in the queue yet. */
  isDeciding(record: MutationRecord): boolean {
    return this.#deciding.has(record.id) || this.#answered.has(keyOf(record))
  }

  /** The queue changed. */
  look(): void {
    if (this.#deps.ask === undefined) return
    if (![...this.#deps.mirror.mutations.values()].some((record) => this.#answered.has(keyOf(record)))) this.#answered.clear()
    for (const record of this.#deps.mirror.mutations.values()) {
      if (record.state.is !== 'conflict') continue
      const key = keyOf(record)
      if (this.#asked.has(key)) continue
      this.#asked.add(key)
      this.#deciding.add(record.id)
      this.#decide(record, key).catch((error: unknown) => {
        if (!this.#deps.closing.aborted) this.#deps.onFailure(record, error)
      }).finally(() => {
        this.#deciding.delete(record.id)
        this.#deps.onDecided()
      })
    }
  }

  /** Decided by the person, through the queue. */
  async decide(record: MutationRecord, outcome: 'local' | 'remote'): Promise<void> {
    const op = record.state.is === 'conflict' ? record.ops[record.state.at] : undefined
    if (op !== undefined) await this.#answer(record, op, outcome)
  }

  async #decide(seen: MutationRecord, key: string): Promise<void> {
    const { locks, namespace, closing, mirror, ask } = this.#deps
    const lock = await locks.acquire(`bse/${namespace}/conflict/${seen.id}`, { mode: 'exclusive', signal: closing })
    try {
      const record = mirror.mutations.get(seen.seq)
      if (record?.state.is !== 'conflict' || keyOf(record) !== key || ask === undefined) return
      const op = record.ops[record.state.at]
      if (op === undefined) return
      const conflict = await this.#describe(record, op, record.state.current)
      // The app's handler is typed by its schema, of which nothing is left here.
      const answer = await ask(conflict as never)
      if (answer !== undefined && !closing.aborted) await this.#answer(record, op, answer)
    } finally {
      lock.release()
    }
  }

  async #describe(record: MutationRecord, op: MutationOp, current: RowWire | null): Promise<object> {
    const { schema } = this.#deps
    const table = schema.tables.get(op.table)
    const decode = (wire: RowWire): object => (table === undefined ? wire : decodeCells(table, wire))
    const columns = table?.blobColumns.map(({ name }) => name).filter((name) => Object.hasOwn(op.kind === 'delete' ? (current ?? {}) : op.values, name)) ?? []
    const blobs = await Promise.all(columns.map(async (name): Promise<readonly [string, ConflictBlobs]> => {
      return [name, { local: await this.#blob(op.values[name]), remote: await this.#blob(current?.[name]) }]
    }))
    return {
      id: record.id, table: op.table, rowId: op.rowId, kind: op.kind, base: op.previous === null ? null : decode(op.previous), local: decode(op.values),
      remote: current === null ? null : decode(current), blobs: Object.fromEntries(blobs),
    }
  }

  async #blob(cell: Json | undefined): Promise<ConflictBlob | null> {
    const ref = parseBlobRef(cell)
    return ref === undefined ? null : { ref, url: await this.#deps.urlOf(ref) }
  }

  async #answer(record: MutationRecord, op: MutationOp, answer: unknown): Promise<void> {
    const outcome = outcomeOf(answer)
    const merged = outcome === 'merged' ? this.#validated(op, answer) : undefined
    const isOurs = await answerConflict(this.#deps, record, { outcome, merged, restored: this.#restored(op, record), nowMs: this.#deps.nowMs() })
    if (isOurs) this.#answered.add(keyOf(record))
    const conflict = record.state.is === 'conflict' ? conflictOf(record, outcome, record.state) : undefined
    if (isOurs && conflict !== undefined) this.#deps.onResolved(conflict)
  }

  /** Values of a row that the server has deleted: to change it, it has to be made again, whole. */
  #restored(op: MutationOp, { state }: MutationRecord): RowWire | undefined {
    const isGone = state.is === 'conflict' && state.current === null && op.kind === 'update'
    return isGone ? this.#deps.shown(op.table, op.rowId) : undefined
  }

  /** @throws BseError `VALIDATION_FAILED`. */
  #validated(op: MutationOp, answer: unknown): RowWire {
    const table = this.#deps.schema.tables.get(op.table)
    if (table === undefined) return answer as RowWire
    const { values, blobs } = validateUpdate(table, answer)
    const [blob] = blobs
    if (blob === undefined) return values
    const message = 'takes the reference of one of the two sides, not new bytes'
    throw new BseError('VALIDATION_FAILED', `core.onConflict: ${blob.column} ${message}`, { issues: [{ column: blob.column, rule: 'type', message }] })
  }
}

function outcomeOf(answer: unknown): Exclude<ConflictOutcome, 'open'> {
  if (answer === 'local' || answer === 'remote') return answer
  if (typeof answer === 'object' && answer !== null) return 'merged'
  const message = "answers 'local', 'remote', values or undefined"
  throw new BseError('VALIDATION_FAILED', `core.onConflict: ${message}`, { issues: [{ column: '', rule: 'type', message }] })
}

function keyOf({ id, state }: MutationRecord): string {
  return `${id} ${state.is === 'conflict' ? JSON.stringify([state.at, state.current]) : ''}`
}
