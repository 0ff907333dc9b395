import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { fsCache, openDirectoryStore } from '@bse/cache-fs'
import type { CacheFactory, CacheStore } from '@bse/core/provider'
import { BseError } from '@bse/core/wire'
import type { BlobKey, CollectableStorage, PutResult, StoredPage, StoredState } from './blob-storage.ts'
import { DirectoryListing } from './directory-listing.ts'
import { UploadWorker } from './upload-worker.ts'

/** Two hash as fast as two disks write; more would only take cores from the requests. */
const MAX_WORKERS = 2

/**
 * Blobs as files, `<directory>/<space>/blobs/sha256-<hex>`. Uploads are hashed and written by worker threads.
 *
 * One server owns a directory: what unfinished uploads of an earlier run left there is removed before the first upload.
 */
export function directoryStorage(directory: string): CollectableStorage {
  return new DirectoryStorage(resolve(directory))
}

class DirectoryStorage implements CollectableStorage {
  readonly #directory: string
  readonly #openSpace: CacheFactory
  readonly #stores = new Map<string, CacheStore>()
  readonly #listing = new DirectoryListing()
  readonly #workers = new Set<UploadWorker>()
  #swept: Promise<void> | undefined
  #closed = false

  constructor(directory: string) {
    this.#directory = directory
    this.#openSpace = fsCache({ directory })
  }

  async put(key: BlobKey, body: ReadableStream<Uint8Array>): Promise<PutResult> {
    await (this.#swept ??= this.#sweepOnce())
    return this.#leastBusy().put(key, body)
  }

  async #sweepOnce(): Promise<void> {
    try {
      await sweepAll(this.#directory)
    } catch (error) {
      this.#swept = undefined
      throw error
    }
  }

  async head(key: BlobKey): Promise<StoredState> {
    const blob = await this.#store(key.space).get(key.hash)
    return blob === undefined ? { is: 'absent' } : { is: 'stored', sizeBytes: blob.size }
  }

  async read(key: BlobKey, range: { readonly start: number; readonly end: number }): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#store(key.space).read(key.hash, range)
  }

  async list(space: string, options: Parameters<CollectableStorage['list']>[1]): Promise<StoredPage> {
    return this.#listing.page(space, this.#store(space), options)
  }

  async spaces(): Promise<readonly string[]> {
    this.#mustBeOpen()
    return (await foldersIn(this.#directory)).map(spaceOfFolder)
  }

  async delete(key: BlobKey): Promise<void> {
    const outcome = await this.#store(key.space).delete(key.hash)
    if (outcome === 'busy') throw new BseError('STORAGE_FAILED', 'server: somebody has the blob open', { store: 'fs' })
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#workers].map((worker) => worker.close()))
    await Promise.all([...this.#stores.values()].map((store) => store.close()))
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new BseError('CLOSED', 'server: the store is closed', { what: 'store' })
  }

  #store(space: string): CacheStore {
    this.#mustBeOpen()
    const open = this.#stores.get(space) ?? this.#openSpace(space)
    this.#stores.set(space, open)
    return open
  }

  /** A worker with nothing to do, a new one while there may be more, else the one with the fewest uploads. */
  #leastBusy(): UploadWorker {
    this.#mustBeOpen()
    const [best] = [...this.#workers].sort((a, b) => a.running - b.running)
    const mayAdd = this.#workers.size < Math.min(MAX_WORKERS, availableParallelism())
    if (best !== undefined && (best.running === 0 || !mayAdd)) return best
    const added: UploadWorker = new UploadWorker(this.#directory, () => this.#workers.delete(added))
    this.#workers.add(added)
    return added
  }
}

async function sweepAll(directory: string): Promise<void> {
  for (const folder of await foldersIn(directory)) {
    const store = openDirectoryStore(join(directory, folder))
    await store.sweep(() => false)
    await store.close()
  }
}

async function foldersIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw new BseError('STORAGE_FAILED', 'server: the directory cannot be read', { store: 'fs' }, { cause: error })
  })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** What `fsCache` calls the folder of a space has other characters than the plainest as a percent sign and two digits. */
function spaceOfFolder(folder: string): string {
  return folder.replaceAll(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
