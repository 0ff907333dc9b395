import type { CacheEntry, CacheStore } from '@bse/core/provider'
import type { BlobHash } from '@bse/core/wire'
import type { StoredPage } from './blob-storage.ts'

const REMEMBERED_SPACES = 16

/**
 * Pages of a directory in order of hash. A folder has no order and reading it costs time, so it is read when somebody begins
 * to page and kept for the pages that follow; cursors are hashes, so any later reading serves them as well.
 */
export class DirectoryListing {
  readonly #known = new Map<string, Promise<readonly CacheEntry[]>>()
  readonly #reading = new Map<string, Promise<readonly CacheEntry[]>>()

  async page(space: string, store: CacheStore, options: { readonly limit: number; readonly after: BlobHash | undefined }): Promise<StoredPage> {
    const { after, limit } = options
    const all = await (after === undefined ? this.#read(space, store) : (this.#known.get(space) ?? this.#read(space, store)))
    const from = after === undefined ? 0 : firstBehind(all, after)
    return { blobs: all.slice(from, from + limit), more: from + limit < all.length }
  }

  /** Those who begin at the same time share one reading. */
  #read(space: string, store: CacheStore): Promise<readonly CacheEntry[]> {
    const reading = this.#reading.get(space)
    if (reading !== undefined) return reading
    const fresh = sortedEntries(store).finally(() => this.#reading.delete(space))
    this.#reading.set(space, fresh)
    this.#remember(space, fresh)
    return fresh
  }

  #remember(space: string, listing: Promise<readonly CacheEntry[]>): void {
    this.#known.delete(space)
    this.#known.set(space, listing)
    listing.catch(() => this.#known.delete(space))
    const oldest = this.#known.size > REMEMBERED_SPACES ? this.#known.keys().next().value : undefined
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}

async function sortedEntries(store: CacheStore): Promise<readonly CacheEntry[]> {
  const entries: CacheEntry[] = []
  for await (const entry of store.list()) entries.push(entry)
  return entries.sort((a, b) => (a.hash < b.hash ? -1 : 1))
}

/** The index of the first entry whose hash sorts behind `after`. */
function firstBehind(entries: readonly CacheEntry[], after: BlobHash): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((entries[middle] as CacheEntry).hash <= after) low = middle + 1
    else high = middle
  }
  return low
}
