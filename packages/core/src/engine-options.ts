import type { AuthCallback } from './auth/tokens.ts'
import { BseError } from './errors.ts'
import type { BlobProvider } from './provider/blob-provider.ts'
import type { CacheFactory } from './provider/cache-store.ts'
import type { Logger } from './provider/context.ts'
import type { DataProvider } from './provider/data-provider.ts'
import type { Environment } from './provider/environment.ts'
import type { StateFactory } from './provider/state-store.ts'
import { parseSize, type CheckSchema, type SchemaDefinition } from './schema/index.ts'
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
}

export interface OfflineOptions {
  readonly retryStrategy?: {
    /** Refusals of one item before it is parked. Outages never count. Default 5. */
    readonly maxAttempts?: number
    readonly backoff?: 'exponential'
  }
}

export interface SyncEngineOptions<S extends SchemaDefinition> {
  /** Names everything that is stored; one engine of a name in a page, any number of tabs. Letters, digits, `.`, `_`, `-`. Default `bse`. */
  readonly name?: string
  readonly schema: S & CheckSchema<S>
  readonly data: DataProvider
  readonly blobs: BlobProvider
  readonly cache: CacheOptions
  readonly offline?: OfflineOptions
  /** Where queue, ledger and rows are kept. Default: IndexedDB, or this page's memory where the browser refuses it. */
  readonly state?: StateFactory
  /** Who is signed in. Left out: requests carry no credentials. */
  readonly auth?: AuthCallback
  readonly logger?: Logger
  /** Clock, network, locks: what tests replace. Default: the platform's. */
  readonly environment?: Environment
}

/** The one table of defaults. Sizes in bytes, times in milliseconds. */
export const DEFAULTS: {
  readonly name: string
  readonly inlineMaxBytes: number
  readonly maxAttempts: number
  readonly uploadConcurrency: number
  readonly backoff: BackoffOptions
} = {
  name: 'bse',
  inlineMaxBytes: 64_000,
  maxAttempts: 5,
  uploadConcurrency: 4,
  backoff: { baseMs: 500, maxMs: 60_000 },
}

export interface Settings {
  readonly name: string
  readonly inlineMaxBytes: number
  readonly maxAttempts: number
}

const SECTIONS: { readonly [key: string]: ReadonlySet<string> } = {
  options: new Set(['name', 'schema', 'data', 'blobs', 'cache', 'offline', 'state', 'auth', 'logger', 'environment']),
  cache: new Set(['backend', 'inlineMaxBytes']),
  offline: new Set(['retryStrategy']),
  retryStrategy: new Set(['maxAttempts', 'backoff']),
}

/** @throws BseError `CONFIG_INVALID` for names that do not exist and values that cannot be. */
export function readSettings(options: SyncEngineOptions<SchemaDefinition>): Settings {
  refuseUnknown('options', options)
  refuseUnknown('cache', options.cache)
  refuseUnknown('offline', options.offline)
  refuseUnknown('retryStrategy', options.offline?.retryStrategy)
  const name = options.name ?? DEFAULTS.name
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) throw invalid('name', 'up to 64 letters, digits, dots, underscores and dashes')
  if (cachesOf(options.cache).length === 0) throw invalid('cache.backend', 'a cache backend such as opfsCache(), or a list of them')
  if (typeof options.data?.connect !== 'function') throw invalid('data', 'a data provider')
  if (typeof options.blobs?.connect !== 'function') throw invalid('blobs', 'a blob provider')
  const { maxAttempts = DEFAULTS.maxAttempts, backoff = 'exponential' } = options.offline?.retryStrategy ?? {}
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) throw invalid('offline.retryStrategy.maxAttempts', 'a whole number from 1')
  if (backoff !== 'exponential') throw invalid('offline.retryStrategy.backoff', "'exponential'")
  return { name, inlineMaxBytes: parseSize(options.cache.inlineMaxBytes ?? DEFAULTS.inlineMaxBytes), maxAttempts }
}

/** The cache backends in their order; empty when that is not what was given. */
export function cachesOf(cache: CacheOptions | undefined): readonly CacheFactory[] {
  const caches = [cache?.backend ?? []].flat()
  return caches.every((one) => typeof one === 'function') ? caches : []
}

function refuseUnknown(section: string, value: object | undefined): void {
  for (const key of Object.keys(value ?? {})) {
    if (SECTIONS[section]?.has(key) !== true) throw invalid(section === 'options' ? key : `${section}.${key}`, 'no such option')
  }
}

function invalid(option: string, wants: string): BseError {
  return new BseError('CONFIG_INVALID', `core.createSyncEngine: ${option}: ${wants}`, { option })
}
