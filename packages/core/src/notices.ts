import type { Reachability } from './connectivity.ts'
import { hasCode, isBseError } from './errors.ts'
import type { BlobCell, Emitter, SyncOperation } from './events.ts'
import type { LedgerEntry } from './model/ledger-entry.ts'
import type { MutationRecord } from './model/mutation.ts'
import type { PushEnd } from './mutation/pusher.ts'
import type { BlobProvider, UploadProgress } from './provider/blob-provider.ts'
import type { UploadEnd } from './upload/worker.ts'
import type { BlobHash } from './wire/blob-hash.ts'

export interface NoticesDeps {
  readonly events: Emitter
  readonly reachability: () => Reachability
  readonly blobs: BlobProvider
  readonly entry: (hash: BlobHash) => LedgerEntry | undefined
  readonly rowsOf: (hash: BlobHash) => readonly BlobCell[]
  readonly onStatusChanged: () => void
  readonly closing: AbortSignal
}

const URL_LIFETIME_MS = 3_600_000

/** What the leader's work tells the app: progress, completions, failures; and what that says about the network. */
export class Notices {
  readonly progress: Map<BlobHash, UploadProgress> = new Map()
  readonly #deps: NoticesDeps

  constructor(deps: NoticesDeps) {
    this.#deps = deps
  }

  uploadProgressed(hash: BlobHash, seen: UploadProgress): void {
    const entry = this.#deps.entry(hash)
    if (entry === undefined) return
    this.progress.set(hash, seen)
    const { sentBytes, confirmedBytes } = seen
    const size = entry.sizeBytes
    const progress = size === 0 ? 1 : Math.min(1, Math.max(sentBytes, confirmedBytes) / size)
    this.#deps.events.emit('uploadProgress', { id: hash, progress, sentBytes, confirmedBytes, size, rows: this.#deps.rowsOf(hash) })
    this.#deps.onStatusChanged()
  }

  async uploadEnded(hash: BlobHash, end: UploadEnd): Promise<void> {
    this.progress.delete(hash)
    const operation: SyncOperation = { type: 'upload', id: hash }
    if (end.is !== 'stored') {
      this.syncFailed(operation, end.error)
      if (end.is === 'parked') this.#deps.events.emit('parked', { operation, ...reasonOf(end.error) })
      return
    }
    this.#deps.reachability().answered()
    const rows = this.#deps.rowsOf(hash)
    const signed = await this.#deps.blobs.url?.({ hash, sizeBytes: undefined, type: '' }, { expiresInMs: URL_LIFETIME_MS, signal: this.#deps.closing })
    this.#deps.events.emit('uploadComplete', { id: hash, url: signed?.url, rows })
  }

  pushEnded(record: MutationRecord, end: PushEnd): void {
    const [op] = record.ops
    if (op === undefined || end.is === 'applied') return
    const operation: SyncOperation = { type: op.kind, id: record.id, table: op.table, rowId: op.rowId }
    if (end.is === 'later') {
      if (end.error !== undefined) this.syncFailed(operation, end.error)
    } else {
      this.#deps.events.emit('parked', { operation, code: end.code, message: 'the server refused this write' })
    }
  }

  syncFailed(operation: SyncOperation, error: unknown): void {
    this.#deps.reachability().failed(error)
    if (hasCode(error, 'UNAUTHORIZED')) this.#deps.events.emit('authRequired', { error })
    this.#deps.events.emit('syncError', { operation, error })
  }
}

function reasonOf(error: unknown): { readonly code: string; readonly message: string } {
  return isBseError(error) ? { code: error.code, message: error.message } : { code: 'PROVIDER_FAILED', message: String(error) }
}
