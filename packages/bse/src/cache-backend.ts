import { idbCache } from '@bse/cache-idb'
import { opfsCache } from '@bse/cache-opfs'
import { BseError, type CacheOptions } from '@bse/core'

/**
 * - `hybrid`: small blobs inside the queue's own commit, large ones in files (OPFS), or in IndexedDB where a browser has no OPFS
 * - `opfs`: every blob in a file
 * - `indexeddb`: every blob in a record
 */
export type CacheBackendName = 'hybrid' | 'opfs' | 'indexeddb'

export type CacheChoice = Omit<CacheOptions, 'backend'> & { readonly backend?: CacheBackendName | CacheOptions['backend'] }

/** @throws BseError `CONFIG_INVALID` for a name that is none of the three. */
export function cacheOptions({ backend = 'hybrid', ...rest }: CacheChoice): CacheOptions {
  if (typeof backend !== 'string') return { ...rest, backend }
  switch (backend) {
    case 'hybrid': return { ...rest, backend: [opfsCache(), idbCache()] }
    case 'opfs': return { inlineMaxBytes: 0, ...rest, backend: opfsCache() }
    case 'indexeddb': return { inlineMaxBytes: 0, ...rest, backend: idbCache() }
    default: throw new BseError('CONFIG_INVALID', "blob-sync-engine: cache.backend: 'hybrid', 'opfs', 'indexeddb' or a cache such as opfsCache()", { option: 'cache.backend' })
  }
}
