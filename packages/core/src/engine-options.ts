import type { AuthCallback } from './auth/tokens.ts'
import type { SeveralRemotes } from './blob-remotes.ts'
import type { ConflictOptions } from './conflict-types.ts'
import { VALUE_OPTIONS, type Settings } from './option-table.ts'
import type { BlobProvider } from './provider/blob-provider.ts'
import type { CacheFactory } from './provider/cache-store.ts'
import type { Logger } from './provider/context.ts'
import type { DataProvider } from './provider/data-provider.ts'
import type { Environment } from './provider/environment.ts'
import type { PeerPresence } from './provider/peer-presence.ts'
import type { StateFactory } from './provider/state-store.ts'
import type { QueueOptions } from './queue-options.ts'
import type { SchemaVersionOptions } from './schema-version.ts'
import type { CheckSchema, SchemaDefinition } from './schema/index.ts'
import type { BackoffOptions } from './upload/backoff.ts'

/** A number of bytes, or a decimal string such as `'500MB'` (500,000,000 bytes). */
export type Size = number | string

export interface CacheOptions {
  /**
   * Where bytes are kept on this device. Of a list, the first that works on a new device; a device stays with the one that has its
   * bytes, so one that was ever in the list stays in it.
   */
  readonly backend: CacheFactory | readonly CacheFactory[]
  /** Blobs up to this size ride inside the queue's own commit instead of the backend. Default 64,000 bytes; 0 for none. */
  readonly inlineMaxBytes?: Size
  /** Most that is kept on this device, bytes that no server has aside. Less where the device has less room. Default `'500MB'`. */
  readonly maxSize?: Size
  /** What goes first when the cache is full. `manual`: nothing goes by itself. Default `lru`. */
  readonly eviction?: 'lru' | 'fifo' | 'manual'
  /** Asks the browser, once, not to evict this app; `status.persisted` has the answer. Default true. */
  readonly persist?: boolean
  /** Fetches the blobs of what is in view (`cache.visible`) before anybody asks for their URLs, without evicting others. Default: enabled. */
  readonly prefetch?: { readonly enabled?: boolean; readonly strategy?: 'visible' }
  /** Share of the limit above which `cacheWarning` is told. Default 0.8. */
  readonly warningThreshold?: number
  /** Share of the limit above which blobs go until the warning threshold is reached. Default 0.95. */
  readonly criticalThreshold?: number
  /** What the priorities of `cache.setPriority` mean. */
  readonly priorities?: { readonly high?: 'never-evict'; readonly normal?: 'lru'; readonly low?: 'eager-evict' }
}

export interface OfflineOptions extends QueueOptions {
  /**
   * Over which networks bytes are sent; rows wait for their bytes. `manual`: over none by itself; `offline.flush()` sends what is pending then,
   * and `offline.retry()` an upload. Default `'always'`.
   */
  readonly network?: 'always' | 'unmetered' | 'manual'
  readonly retryStrategy?: {
    /** Refusals of one item before it is parked. Outages never count. Default 5. */
    readonly maxAttempts?: number
    readonly backoff?: 'exponential'
  }
}

export interface PeerOptions {
  /** Where devices and servers tell each other which blobs they have. It is for one engine, and closed with it. */
  readonly presence: PeerPresence
  /** Of what servers announce. `all`: everything is brought here in the background. Default `'on-demand'`; in a workspace `'all'`. */
  readonly replica?: 'on-demand' | 'all'
}

export interface SyncEngineOptions<S extends SchemaDefinition> extends ConflictOptions<S>, SchemaVersionOptions {
  /** Names everything that is stored; one engine of a name in a page, any number of tabs. Letters, digits, `.`, `_`, `-`. Default `bse`. */
  readonly name?: string
  readonly schema: S & CheckSchema<S>
  /** How rows travel. Left out: they stay on this device, and signing out wants `pending: 'discard'` while there are any. */
  readonly data?: DataProvider
  /** One store, or a primary one and mirrors. */
  readonly blobs: BlobProvider | SeveralRemotes
  readonly cache: CacheOptions
  readonly offline?: OfflineOptions
  /** Left out: this device says nothing of its blobs, and hears nothing of others'. */
  readonly peers?: PeerOptions
  /** What becomes of bytes that no row names any more: `append-only` keeps them for ever. Default `'server'`. */
  readonly cleanup?: 'server' | 'append-only'
  /** Where queue, ledger and rows are kept. Default: IndexedDB, or this page's memory where the browser refuses it. */
  readonly state?: StateFactory
  /** Who is signed in. Left out: requests carry no credentials. */
  readonly auth?: AuthCallback
  readonly logger?: Logger
  /** Clock, network, locks: what tests replace. Default: the platform's. */
  readonly environment?: Environment
}

/** The options of an engine whose schema is not known to the compiler. */
export type AnyEngineOptions = Omit<SyncEngineOptions<SchemaDefinition>, 'onConflict'> & { readonly onConflict?: unknown }

/** What an app has no say in yet. Times in milliseconds. */
export const UPLOAD_CONCURRENCY = 4
export const BACKOFF: BackoffOptions = { baseMs: 500, maxMs: 60_000 }

/** What every option is when it is left out, by its path. */
export const DEFAULTS: Settings = defaultSettings()

function defaultSettings(): Settings {
  const values = Object.entries(VALUE_OPTIONS).map(([path, { defaultValue }]): readonly [string, unknown] => [path, defaultValue])
  // The table has exactly the paths of `Settings`.
  return Object.freeze(Object.fromEntries(values)) as unknown as Settings
}

/** The cache backends in their order. */
export function cachesOf(cache: CacheOptions): readonly CacheFactory[] {
  return [cache.backend].flat()
}
