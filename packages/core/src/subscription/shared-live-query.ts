import { BseError, isBseError } from '../errors.ts'
import type { Logger } from '../provider/context.ts'
import type { Clock } from '../provider/environment.ts'
import type { BlobUrls as UrlRegistry } from './blob-urls.ts'
import type { LiveQuery, LiveSnapshot } from './live-query.ts'
import { RowUrls, type LiveRow } from './row-urls.ts'

/** How long rows and URLs are kept after the last subscriber left: StrictMode and route changes come back at once. */
export const RELEASE_GRACE_MS = 1_000
/** While more bytes are on their way, URLs that arrived are shown together, about once a frame. */
export const GATHER_MS = 16

/** The rows of one query, while they are watched. */
export interface RowObservation {
  rows(): readonly LiveRow[]
  close(): void
}

export interface SharedLiveQueryOptions {
  /** @throws BseError `QUERY_INVALID`. */
  observe(listener: () => void): RowObservation
  /** What all live queries of the engine have in common at this moment. */
  condition(): { readonly isLoading: boolean; readonly error: BseError | undefined }
  readonly urls: UrlRegistry
  readonly columns: readonly string[]
  readonly refreshes: boolean
  readonly clock: Clock
  readonly logger: Logger
  /** It holds rows and URLs from now on, or no longer. */
  onActive(isActive: boolean): void
}

/** One live query for all who ask the same. Its two methods may be passed around detached. */
export class SharedLiveQuery implements LiveQuery<LiveRow> {
  readonly #options: SharedLiveQueryOptions
  readonly #urls: RowUrls
  readonly #listeners: Set<{ readonly call: () => void }> = new Set()
  #observation: RowObservation | undefined
  #queryError: BseError | undefined
  #isActive = false
  #isClosed = false
  #isUpdateQueued = false
  #cancelRelease: (() => void) | undefined
  #cancelGather: (() => void) | undefined
  /** What `rows()` answered last. */
  #rows: readonly LiveRow[] = []
  #snapshot: LiveSnapshot<LiveRow> = { data: [], blobUrls: Object.create(null) as Record<string, never>, isLoading: true, error: undefined }
  /** The snapshot that the listeners know of. */
  #told = this.#snapshot

  constructor(options: SharedLiveQueryOptions) {
    this.#options = options
    const onChange = (): void => this.#onUrlChange()
    this.#urls = new RowUrls(options.urls, options.columns, { onChange, refreshes: options.refreshes })
  }

  readonly getSnapshot = (): LiveSnapshot<LiveRow> => {
    this.#activate()
    if (this.#listeners.size === 0) this.#releaseLater()
    // The store has changed and tells its listeners one by one: whoever renders before our turn sees the same moment.
    if (this.#observation !== undefined && this.#observation.rows() !== this.#rows) this.#refresh()
    return this.#snapshot
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = { call: listener }
    this.#listeners.add(entry)
    this.#keep()
    this.#activate()
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.#releaseLater()
    }
  }

  /** Reads everything anew and tells the listeners when something is different. */
  readonly update = (): void => {
    this.#cancelGather?.()
    this.#cancelGather = undefined
    if (!this.#isActive) return
    this.#refresh()
    if (this.#snapshot !== this.#told) this.#notify()
  }

  /** Ends it for good; whoever still shows it is told. */
  close(): void {
    this.#release()
    this.#isClosed = true
    const error = new BseError('CLOSED', 'subscription: the engine was closed', { what: 'engine' })
    this.#snapshot = { data: [], blobUrls: Object.create(null) as Record<string, never>, isLoading: false, error }
    this.#notify()
  }

  #activate(): void {
    if (this.#isActive || this.#isClosed) return
    this.#queryError = undefined
    try {
      this.#observation = this.#options.observe(this.update)
    } catch (error) {
      if (!isBseError(error)) throw error
      this.#queryError = error
    }
    this.#isActive = true
    this.#options.onActive(true)
    this.#refresh()
  }

  #releaseLater(): void {
    this.#keep()
    if (this.#isActive) this.#cancelRelease = this.#options.clock.timer(RELEASE_GRACE_MS, () => this.#release())
  }

  #keep(): void {
    this.#cancelRelease?.()
    this.#cancelRelease = undefined
  }

  #release(): void {
    this.#keep()
    this.#cancelGather?.()
    this.#cancelGather = undefined
    if (!this.#isActive) return
    this.#isActive = false
    this.#observation?.close()
    this.#observation = undefined
    this.#urls.release()
    this.#options.onActive(false)
  }

  #refresh(): void {
    const last = this.#snapshot
    this.#rows = this.#observation?.rows() ?? []
    const data = isSameList(last.data, this.#rows) ? last.data : this.#rows
    const blobUrls = this.#urls.show(data)
    const condition = this.#options.condition()
    const error = this.#queryError ?? condition.error
    const isLoading = condition.isLoading && this.#queryError === undefined
    if (data === last.data && blobUrls === last.blobUrls && isLoading === last.isLoading && error === last.error) return
    this.#snapshot = { data, blobUrls, isLoading, error }
  }

  #onUrlChange(): void {
    if (!this.#isActive) return
    if (this.#options.urls.isOpening) {
      this.#cancelGather ??= this.#options.clock.timer(GATHER_MS, this.update)
    } else if (!this.#isUpdateQueued) {
      this.#isUpdateQueued = true
      queueMicrotask(() => {
        this.#isUpdateQueued = false
        this.update()
      })
    }
  }

  #notify(): void {
    this.#told = this.#snapshot
    for (const listener of [...this.#listeners]) {
      try {
        listener.call()
      } catch (error) {
        this.#options.logger.error('subscription: a listener threw', { reason: error instanceof Error ? error.message : String(error) })
      }
    }
  }
}

function isSameList(left: readonly LiveRow[], right: readonly LiveRow[]): boolean {
  return left === right || (left.length === right.length && left.every((row, index) => row === right[index]))
}
