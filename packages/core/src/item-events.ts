import type { BlobCell, Emitter, RowName, SyncConflict, SyncOperation } from './events.ts'
import { remoteOf } from './ledger/entry.ts'
import type { LedgerEntry } from './model/ledger-entry.ts'
import type { ConflictOutcome } from './model/conflict.ts'
import { rowKey, type MutationRecord } from './model/mutation.ts'
import type { Divergence } from './mutation/rebase.ts'
import type { MirrorChange } from './tabs/mirror.ts'
import type { BlobHash } from './wire/blob-hash.ts'

export interface ItemEventsDeps {
  readonly events: Emitter
  readonly remoteId: string
  readonly rowsOf: (hash: BlobHash) => readonly BlobCell[]
  /** The bytes were acknowledged. */
  readonly onStored: (entry: LedgerEntry) => void
}

const ON_ITS_WAY: ReadonlySet<string> = new Set(['owed', 'uploading', 'parked', 'cancelling'])

/**
 * Events that state itself tells: every tab sees the same change of the queue and the ledger, so every tab says the same,
 * whoever made it. What was so when the tab opened is no event.
 */
export class ItemEvents {
  readonly #deps: ItemEventsDeps
  readonly #entries: Map<BlobHash, LedgerEntry> = new Map()
  readonly #records: Map<number, MutationRecord> = new Map()

  constructor(deps: ItemEventsDeps) {
    this.#deps = deps
  }

  /** Call when the rows of this change are shown: events name them. */
  take(change: MirrorChange): void {
    for (const { hash, entry } of change.ledger) {
      const before = this.#entries.get(hash)
      if (entry === undefined) this.#entries.delete(hash)
      else this.#entries.set(hash, entry)
      if (entry !== undefined && (before !== undefined || !change.reset)) this.#entryChanged(before, entry)
    }
    for (const { seq, record } of change.mutations) {
      const before = this.#records.get(seq)
      if (record === undefined) this.#records.delete(seq)
      else this.#records.set(seq, record)
      if (record !== undefined && (before !== undefined || !change.reset) && before?.state.is !== record.state.is) this.#mutationMoved(record)
    }
  }

  #entryChanged(before: LedgerEntry | undefined, entry: LedgerEntry): void {
    const { events, remoteId, rowsOf, onStored } = this.#deps
    const { hash } = entry
    const was = before === undefined ? undefined : remoteOf(before, remoteId).state
    const { state, reason } = remoteOf(entry, remoteId)
    if (entry.local === 'lost' && before?.local !== 'lost') events.emit('blobLost', { id: hash, rows: rowsOf(hash) })
    if (state === 'stored' && was !== undefined && ON_ITS_WAY.has(was)) onStored(entry)
    if (state === 'parked' && was !== 'parked' && reason !== undefined) {
      events.emit('parked', { operation: { type: 'upload', id: hash }, ...reason, rows: rowsOf(hash) })
    }
  }

  #mutationMoved(record: MutationRecord): void {
    const { state } = record
    const operation = operationOf(record)
    if (state.is === 'parked' && operation !== undefined) this.#deps.events.emit('parked', { operation, ...state.reason, rows: rowNames(record) })
    const conflict = state.is === 'conflict' ? conflictOf(record, 'open', state) : undefined
    if (conflict !== undefined) this.#deps.events.emit('conflict', conflict)
  }
}

/** A write as events name it: by its id and the first of its rows. */
export function operationOf({ id, ops: [op] }: MutationRecord): SyncOperation | undefined {
  return op === undefined ? undefined : { type: op.kind, id, table: op.table, rowId: op.rowId }
}

/** A conflict as an event tells it. */
export function conflictOf(record: MutationRecord, resolution: ConflictOutcome, { at, current }: Divergence): SyncConflict | undefined {
  const [op, operation] = [record.ops[at], operationOf(record)]
  if (op === undefined || operation === undefined) return undefined
  return { operation, row: { table: op.table, id: op.rowId }, resolution, base: op.previous, local: op.values, remote: current }
}

/** Every row of a write, each once. */
export function rowNames({ ops }: MutationRecord): readonly RowName[] {
  return [...new Map(ops.map(({ table, rowId }) => [rowKey(table, rowId), { table, id: rowId }])).values()]
}
