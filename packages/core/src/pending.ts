import type { BlobCell, PendingItem, PendingMutation, PendingUpload } from './events.ts'
import { remoteOf } from './ledger/entry.ts'
import { UNKNOWN_REMOTE, type LedgerEntry, type RemoteRecord, type RemoteState } from './model/ledger-entry.ts'
import type { MutationRecord, MutationState } from './model/mutation.ts'
import { isPaused, type Paused } from './model/paused.ts'
import type { Waiting } from './mutation/order.ts'
import type { UploadProgress } from './provider/blob-provider.ts'
import type { BlobHash } from './wire/blob-hash.ts'

export interface PendingSources {
  readonly entries: Iterable<LedgerEntry>
  readonly queue: readonly MutationRecord[]
  readonly waiting: ReadonlyMap<string, Waiting>
  readonly remoteId: string
  readonly mirrorIds: readonly string[]
  readonly progress: ReadonlyMap<BlobHash, UploadProgress>
  readonly rowsOf: (hash: BlobHash) => readonly BlobCell[]
  readonly paused: Paused
}

/** The queue as people see it: uploads first, then writes in their order. */
export function pendingItems(sources: PendingSources): readonly PendingItem[] {
  const uploads = [...sources.entries].flatMap((entry) => pendingUpload(entry, sources) ?? [])
  uploads.sort((a, b) => a.size - b.size || (a.id < b.id ? -1 : 1))
  return [...uploads, ...sources.queue.flatMap((record) => pendingMutations(record, sources))]
}

const UPLOAD_STATES: { readonly [state in RemoteState]?: PendingUpload['state'] } = { owed: 'waiting', uploading: 'uploading', parked: 'parked' }

function pendingUpload(entry: LedgerEntry, { mirrorIds, paused, progress, remoteId, rowsOf }: PendingSources): PendingUpload | undefined {
  const remote = waitingRemote(entry, [remoteId, ...mirrorIds])
  const known = entry.local === 'lost' ? 'lost' : UPLOAD_STATES[remote.state]
  if (known === undefined) return undefined
  const state = known === 'waiting' && isPaused(paused, entry.hash) ? 'paused' : known
  const seen = state === 'uploading' ? progress.get(entry.hash) : undefined
  const bytes = Math.max(seen?.sentBytes ?? 0, seen?.confirmedBytes ?? 0)
  return {
    type: 'upload', id: entry.hash, size: entry.sizeBytes, progress: entry.sizeBytes === 0 ? 0 : Math.min(1, bytes / entry.sizeBytes),
    rows: rowsOf(entry.hash), state, attempts: remote.attempts, reason: remote.reason,
  }
}

/** The primary, or else a mirror that still wants the bytes. */
function waitingRemote(entry: LedgerEntry, remoteIds: readonly string[]): RemoteRecord {
  const remotes = remoteIds.map((remoteId) => remoteOf(entry, remoteId))
  return remotes.find(({ state }) => UPLOAD_STATES[state] !== undefined) ?? UNKNOWN_REMOTE
}

const MUTATION_STATES: { readonly [state in MutationState['is']]: PendingMutation['state'] } = {
  queued: 'waiting', pushing: 'sending', discarding: 'sending', applied: 'sent', handed: 'sent', conflict: 'conflict', parked: 'parked',
}

function pendingMutations(record: MutationRecord, { waiting: all, paused }: PendingSources): readonly PendingMutation[] {
  const waiting = all.get(record.id)
  const known = MUTATION_STATES[record.state.is]
  const state = known === 'waiting' && isPaused(paused, record.id) ? 'paused' : known
  return record.ops.map((op) => ({
    type: op.kind, id: record.id, table: op.table, rowId: op.rowId, data: op.values, state,
    attempts: record.attempts, reason: record.state.is === 'parked' ? record.state.reason : undefined,
    waitsFor: { blobs: waiting?.forBlobs ?? [], mutations: waiting?.forMutations ?? [] },
  }))
}
