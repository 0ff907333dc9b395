import type { Announcements } from './announcements.ts'
import type { Reachability } from './connectivity.ts'
import { BseError, hasCode } from './errors.ts'
import type { BlobCell, Emitter, SyncConflict, SyncOperation } from './events.ts'
import { conflictOf, operationOf } from './item-events.ts'
import type { LedgerEntry } from './model/ledger-entry.ts'
import type { MutationRecord } from './model/mutation.ts'
import type { PushEnd } from './mutation/pusher.ts'
import type { UploadProgress } from './provider/blob-provider.ts'
import type { Clock } from './provider/environment.ts'
import type { UploadEnd } from './upload/worker.ts'
import type { UploadUrls } from './upload-urls.ts'
import type { BlobHash } from './wire/blob-hash.ts'

export interface NoticesDeps {
  readonly events: Emitter
  readonly reachability: () => Reachability
  readonly announcements: Announcements
  readonly urls: UploadUrls
  readonly clock: Clock
  readonly entry: (hash: BlobHash) => LedgerEntry | undefined
  readonly rowsOf: (hash: BlobHash) => readonly BlobCell[]
  readonly onStatusChanged: () => void
}

/** Other tabs hear of the progress of one upload no more often than this. */
const ANNOUNCE_EVERY_MS = 100

/** What the leader's work tells the app, in its own tab and by announcement in the others; and what that says about the network. */
export class Notices {
  readonly progress: Map<BlobHash, UploadProgress> = new Map()
  readonly #announcedAtMs: Map<BlobHash, number> = new Map()
  readonly #deps: NoticesDeps

  constructor(deps: NoticesDeps) {
    this.#deps = deps
  }

  /** In the leading tab. */
  uploadProgressed(hash: BlobHash, seen: UploadProgress): void {
    this.showProgress(hash, seen)
    const { announcements, clock, entry } = this.#deps
    const isWhole = seen.confirmedBytes === entry(hash)?.sizeBytes
    if (!isWhole && clock.monotonicMs() - (this.#announcedAtMs.get(hash) ?? -Infinity) < ANNOUNCE_EVERY_MS) return
    this.#announcedAtMs.set(hash, clock.monotonicMs())
    announcements.progress(hash, seen)
  }

  /** In every tab. */
  showProgress(hash: BlobHash, seen: UploadProgress): void {
    const { entry, events, rowsOf, onStatusChanged } = this.#deps
    const size = entry(hash)?.sizeBytes
    if (size === undefined) return
    this.progress.set(hash, seen)
    const { sentBytes, confirmedBytes } = seen
    const progress = size === 0 ? 1 : Math.min(1, Math.max(sentBytes, confirmedBytes) / size)
    events.emit('uploadProgress', { id: hash, progress, sentBytes, confirmedBytes, size, rows: rowsOf(hash) })
    onStatusChanged()
  }

  uploadEnded(hash: BlobHash, end: UploadEnd): void {
    this.#forget(hash)
    if (end.is === 'stored') this.#deps.reachability().answered()
    else this.syncFailed({ type: 'upload', id: hash }, end.error)
  }

  /** The remote has the bytes: seen in state, so by every tab. */
  async uploadStored({ hash, type }: LedgerEntry): Promise<void> {
    this.#forget(hash)
    const { events, rowsOf, urls } = this.#deps
    if (!events.hasListeners('uploadComplete')) return
    const url = await urls.of(hash, type)
    events.emit('uploadComplete', { id: hash, url, rows: rowsOf(hash) })
  }

  /** Nobody waits for a mirror: it is news only when something is wrong. */
  mirrorEnded(hash: BlobHash, end: UploadEnd): void {
    if (end.is !== 'stored') this.#deps.events.emit('syncError', { operation: { type: 'upload', id: hash }, error: end.error })
  }

  pushEnded(record: MutationRecord, end: PushEnd): void {
    const operation = operationOf(record)
    if (operation === undefined) return
    if (end.is === 'later' && end.error !== undefined) this.syncFailed(operation, end.error)
    if (end.is === 'conflict' && end.resolution !== 'open') {
      const conflict = conflictOf(record, end.resolution, end.divergence)
      if (conflict !== undefined) this.conflictEnded(conflict)
    }
    if (end.is === 'parked') {
      const message = 'core.push: the server refused this write'
      this.syncFailed(operation, new BseError('REJECTED', message, { status: undefined, reason: end.code }))
    }
  }

  /** In the tab where it was decided. */
  conflictEnded(conflict: SyncConflict): void {
    this.#deps.events.emit('conflict', conflict)
    this.#deps.announcements.conflict(conflict)
  }

  /** In the leading tab. */
  syncFailed(operation: SyncOperation, error: unknown): void {
    this.#deps.reachability().failed(error)
    if (hasCode(error, 'UNAUTHORIZED')) this.#deps.events.emit('authRequired', { error })
    this.#deps.events.emit('syncError', { operation, error })
    this.#deps.announcements.failure({ operation, error })
  }

  #forget(hash: BlobHash): void {
    this.progress.delete(hash)
    this.#announcedAtMs.delete(hash)
  }
}
