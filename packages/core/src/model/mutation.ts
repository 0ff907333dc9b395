import type { BlobHash } from '../wire/blob-hash.ts'
import { blobNamedBy } from '../wire/blob-ref.ts'
import type { Json } from '../wire/json.ts'
import type { MutationId, MutationOp, MutationWire, RowWire } from '../wire/mutation-wire.ts'

export interface ParkReason {
  readonly code: string
  readonly message: string
}

/** Durable states of a queued write. What it waits for is derived, never stored. */
export type MutationState =
  | { readonly is: 'queued' }
  | { readonly is: 'pushing'; readonly epoch: number }
  | { readonly is: 'discarding'; readonly epoch: number }
  /** The server has it and gave this token; its rows have not come back yet. */
  | { readonly is: 'applied'; readonly token: Json }
  /** A replica on this device has it; no server has confirmed it. `overlay` is off once the replica's rows contain it. */
  | { readonly is: 'handed'; readonly token: Json; readonly overlay: boolean }
  /** The server has other values than the person saw, in the row of the op at `at`. */
  | { readonly is: 'conflict'; readonly current: RowWire | null; readonly at: number }
  /** `overlay` is off when the rows contained it before it was refused. */
  | { readonly is: 'parked'; readonly reason: ParkReason; readonly overlay: boolean }

/** Every state by name: what a record must be in to be read. */
export const MUTATION_STATES: ReadonlySet<string> = new Set<MutationState['is']>(['queued', 'pushing', 'discarding', 'applied', 'handed', 'conflict', 'parked'])

export interface MutationRecord {
  readonly v: 1
  readonly id: MutationId
  /** Place in the queue: the order of commits over all tabs. */
  readonly seq: number
  /** Counts merges, so that a tab knows whether the record it sees has its own write in it. */
  readonly revision: number
  readonly ops: readonly MutationOp[]
  readonly state: MutationState
  /** Tries that blamed the mutation itself. */
  readonly attempts: number
  /** Whether it was ever on its way: from then on it is not merged with. */
  readonly sent: boolean
  readonly failures: number
  readonly nextAtMs: number
  readonly createdAtMs: number
  /** The version of the app's schema that `ops` speak of; 1 when left out. */
  readonly schemaVersion?: number
  /** Bytes that it claims although its ops do not name them any more. */
  readonly held?: readonly BlobHash[]
}

export function toWire(record: MutationRecord): MutationWire {
  return { id: record.id, ops: record.ops }
}

/** The blobs that the new values name. */
export function hashesOf(ops: readonly MutationOp[]): ReadonlySet<BlobHash> {
  const hashes = new Set<BlobHash>()
  for (const op of ops) {
    for (const value of Object.values(op.values)) {
      const hash = blobNamedBy(value)
      if (hash !== undefined) hashes.add(hash)
    }
  }
  return hashes
}

/** The blobs that it has claims on. */
export function claimedHashes({ ops, held = [] }: MutationRecord): ReadonlySet<BlobHash> {
  return new Set([...hashesOf(ops), ...held])
}

/** Whether the rows shown to people still need this write laid over them. */
export function hasOverlay(state: MutationState): boolean {
  return state.is === 'handed' || state.is === 'parked' ? state.overlay : true
}

export function rowKey(table: string, rowId: string): string {
  return `${table}/${rowId}`
}
