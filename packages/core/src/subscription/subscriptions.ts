import { BseError } from '../errors.ts'
import type { Logger } from '../provider/context.ts'
import type { Clock } from '../provider/environment.ts'
import type { Query, RowStore } from '../store/index.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { BlobAccess } from './blob-access.ts'
import { BlobUrls } from './blob-urls.ts'
import { SharedLiveBlob, type LiveBlob } from './live-blob.ts'
import type { LiveOptions, LiveQuery } from './live-query.ts'
import type { LiveRow } from './row-urls.ts'
import { SharedLiveQuery } from './shared-live-query.ts'

export interface SubscriptionsOptions {
  readonly store: Pick<RowStore, 'ready' | 'observe'>
  readonly access: BlobAccess
  readonly clock: Clock
  readonly logger: Logger
}

/** All live queries of one engine, and the URLs they lend. */
export interface Subscriptions {
  /** One object for an equal query with equal options while anybody uses it. */
  live<R, Column extends string = string>(query: Query<R>, options?: LiveOptions<Column>): LiveQuery<R, Column>
  /** The URL of one blob: of a reference, or of a hash. What is neither stays loading. */
  blob(reference: unknown): LiveBlob
  /**
   * The bytes behind a `pending:` name are durable under `hash`. URLs lent for that name stay as they are. Call it right
   * before the rows are changed to name the hash.
   */
  adopt(provisional: string, hash: BlobHash): void
  /** The bytes of `hash` may be had now: looks again where they were missing. */
  blobChanged(hash: BlobHash): void
  /** Looks again for all missing bytes that are on show, for example when the network is back. */
  retryMissing(): void
  /** Whether a URL of it is lent: somebody may be looking at it. */
  isShown(hash: BlobHash): boolean
  /** What stops syncing for everybody: in every snapshot until taken back with `undefined`. */
  setError(error: BseError | undefined): void
  /** Object URLs that exist now. */
  readonly lentUrls: number
  /** Revokes every URL, shown or not. Live queries end with the error `CLOSED`, without rows. */
  close(): void
}

export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  return new EngineSubscriptions(options)
}

class EngineSubscriptions implements Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #urls: BlobUrls
  /** Those in use or in their grace. */
  readonly #active: Set<SharedLiveQuery> = new Set()
  readonly #byKey: Map<string, SharedLiveQuery> = new Map()
  #error: BseError | undefined
  #isClosed = false

  constructor(options: SubscriptionsOptions) {
    this.#options = options
    this.#urls = new BlobUrls(options)
  }

  get lentUrls(): number {
    return this.#urls.objectUrlCount
  }

  live<R, Column extends string = string>(query: Query<R>, options: LiveOptions<Column> = {}): LiveQuery<R, Column> {
    const columns = [...new Set<string>(options.includeBlobs)].sort()
    const refreshes = options.refreshUrls ?? true
    const key = JSON.stringify([query.key, columns, refreshes])
    const shared = this.#byKey.get(key) ?? this.#create(key, query, columns, refreshes)
    // An equal key names an equal table, and the query knows the type of its rows; here a row is what the store has.
    return shared as LiveQuery<unknown, string> as LiveQuery<R, Column>
  }

  blob(reference: unknown): LiveBlob {
    return new SharedLiveBlob(reference, this.#urls, this.#options.clock)
  }

  adopt(provisional: string, hash: BlobHash): void {
    this.#urls.adopt(provisional, hash)
  }

  blobChanged(hash: BlobHash): void {
    this.#urls.blobChanged(hash)
  }

  isShown(hash: BlobHash): boolean {
    return this.#urls.isLent(hash)
  }

  retryMissing(): void {
    this.#urls.retryMissing()
  }

  setError(error: BseError | undefined): void {
    this.#error = error
    for (const shared of [...this.#active]) shared.update()
  }

  close(): void {
    this.#isClosed = true
    for (const shared of [...this.#active]) shared.close()
    this.#urls.close()
  }

  #create<R>(key: string, query: Query<R>, columns: readonly string[], refreshes: boolean): SharedLiveQuery {
    const { store, clock, logger } = this.#options
    const shared: SharedLiveQuery = new SharedLiveQuery({
      observe: (listener) => {
        if (this.#isClosed) throw new BseError('CLOSED', 'subscription.live: the engine was closed', { what: 'engine' })
        return store.observe(query as Query<unknown> as Query<LiveRow>, listener)
      },
      condition: () => ({ isLoading: !store.ready, error: this.#error }),
      urls: this.#urls,
      columns,
      refreshes,
      clock,
      logger,
      onActive: (isActive) => this.#onActive(key, shared, isActive),
    })
    return shared
  }

  /** One that was let go and is used again may find its place taken by an equal one: then both work, each for its users. */
  #onActive(key: string, shared: SharedLiveQuery, isActive: boolean): void {
    if (isActive) {
      this.#active.add(shared)
      if (!this.#byKey.has(key)) this.#byKey.set(key, shared)
    } else {
      this.#active.delete(shared)
      if (this.#byKey.get(key) === shared) this.#byKey.delete(key)
    }
  }
}
