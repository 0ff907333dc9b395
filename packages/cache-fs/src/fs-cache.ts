import { join, resolve } from 'node:path'
import type { CacheFactory } from '@bse/core/provider'
import { openDirectoryStore } from './directory-store.ts'
import { namespaceFolder } from './file-layout.ts'

export interface FsCacheOptions {
  /** Each namespace gets a folder of its own below this one. Created when missing; a relative path is resolved right away. */
  readonly directory: string
}

/**
 * Keeps blobs as files, one file each, for Node.
 *
 * @throws BseError `CONFIG_INVALID` (from the factory) for a namespace that cannot name a folder.
 */
export function fsCache(options: FsCacheOptions): CacheFactory {
  const directory = resolve(options.directory)
  return (namespace) => openDirectoryStore(join(directory, namespaceFolder(namespace)))
}
