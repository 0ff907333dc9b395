import type { BlobCell, PendingItem, PendingMutation, PendingUpload } from './events.ts'
import { remoteOf } from './ledger/entry.ts'
import type { LedgerEntry, RemoteState } from './model/ledger-entry.ts'
import type { MutationRecord, MutationState } from './model/mutation.ts'
import type { Waiting } from './mutation/order.ts'
import type { UploadProgress } from './provider/blob-provider.ts'
import type { BlobHash } from './wire/blob-hash.ts'

export interface PendingSources {
  readonly entries: Iterable<LedgerEntry>
  readonly queue: readonly MutationRecord[]
  readonly waiting: ReadonlyMap<string, Waiting>
  readonly remoteId: string
  readonly progress: ReadonlyMap<BlobHash, UploadProgress>
  readonly rowsOf: (hash: BlobHash) => readonly BlobCell[]
}

/** The queue as people see it: uploads first, then writes in their order. */
export function pendingItems(sources: PendingSources): readonly PendingItem[] {
  const uploads = [...sources.entries].flatMap((entry) => pendingUpload(entry, sources) ?? [])
  uploads.sort((a, b) => a.size - b.size || (a.id < b.id ? -1 : 1))
  return [...uploads, ...sources.queue.flatMap((record) => pendingMutations(record, sources.waiting.get(record.id)))]
}

const UPLOAD_STATES: { readonly [state in RemoteState]?: PendingUpload['state'] } = { owed: 'waiting', uploading: 'uploading', parked: 'parked' }

function pendingUpload(entry: LedgerEntry, { remoteId, progress, rowsOf }: PendingSources): PendingUpload | undefined {
  const remote = remoteOf(entry, remoteId)
  const state = entry.local === 'lost' ? 'lost' : UPLOAD_STATES[remote.state]
  if (state === undefined) return undefined
  const seen = state === 'uploading' ? progress.get(entry.hash) : undefined
  const bytes = Math.max(seen?.sentBytes ?? 0, seen?.confirmedBytes ?? 0)
  return {
    type: 'upload', id: entry.hash, size: entry.sizeBytes, progress: entry.sizeBytes === 0 ? 0 : Math.min(1, bytes / entry.sizeBytes),
    rows: rowsOf(entry.hash), state, attempts: remote.attempts, reason: remote.reason,
  }
}

const MUTATION_STATES: { readonly [state in MutationState['is']]: PendingMutation['state'] } = {
  queued: 'waiting', pushing: 'sending', discarding: 'sending', applied: 'sent', handed: 'sent', conflict: 'conflict', parked: 'parked',
}

function pendingMutations(record: MutationRecord, waiting: Waiting | undefined): readonly PendingMutation[] {
  return record.ops.map((op) => ({
    type: op.kind, id: record.id, table: op.table, rowId: op.rowId, data: op.values, state: MUTATION_STATES[record.state.is],
    attempts: record.attempts, reason: record.state.is === 'parked' ? record.state.reason : undefined,
    waitsFor: { blobs: waiting?.forBlobs ?? [], mutations: waiting?.forMutations ?? [] },
  }))
}
