import type { CacheFactory } from '@bse/core/provider'
import { IdbStore } from './idb-store.ts'

/**
 * Keeps blobs in IndexedDB, cut into chunks: one database for each namespace, `bse-cache:<namespace>`. Touches nothing of the
 * browser until the first call, so it is safe to import and configure on a server.
 */
export function idbCache(): CacheFactory {
  return (namespace) => new IdbStore(namespace)
}
