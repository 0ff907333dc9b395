import type { CacheFactory } from '@bse/core/provider'
import { namespacePath } from './file-layout.ts'
import { OpfsStore } from './opfs-store.ts'

export interface OpfsCacheOptions {
  /** Folder of the origin private file system that holds the namespaces; default `bse`. Empty: its root. Slashes nest. */
  readonly directory?: string
  /**
   * Makes the worker, which runs `@bse/cache-opfs/worker` as a module. Only for bundlers that do not understand
   * `new URL('./worker.js', import.meta.url)`.
   */
  readonly worker?: () => Worker
}

/**
 * Keeps blobs in the origin private file system, one file each. Touches nothing of the browser until the first call, so it
 * is safe to import and configure on a server.
 *
 * @throws BseError `CONFIG_INVALID` (from the factory) for a namespace that cannot name a folder.
 */
export function opfsCache(options: OpfsCacheOptions = {}): CacheFactory {
  const { directory = 'bse', worker = ownWorker } = options
  return (namespace) => new OpfsStore(namespacePath(directory, namespace), worker)
}

function ownWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'bse-opfs' })
}
