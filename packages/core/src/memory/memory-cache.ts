import { createHasher, readChunks } from '../hash/index.ts'
import { BseError } from '../errors.ts'
import type { ByteRange, CacheEntry, CacheFactory, CacheStore, StagedBytes, StageOptions } from '../provider/cache-store.ts'
import type { BlobHash } from '../wire/blob-hash.ts'

/** What the stores of one namespace have in common. */
interface Shared {
  readonly published: Map<BlobHash, Blob>
  readonly staged: Map<string, Blob>
}

/**
 * Bytes in this page's memory: the reference CacheStore, and the last resort where the browser keeps nothing.
 * Stores of one namespace that come from the same factory share their bytes, as tabs do.
 */
export function memoryCache(): CacheFactory {
  const namespaces = new Map<string, Shared>()
  return (namespace) => {
    const shared = namespaces.get(namespace) ?? { published: new Map(), staged: new Map() }
    namespaces.set(namespace, shared)
    return openMemoryCache(shared)
  }
}

function openMemoryCache({ published, staged }: Shared): CacheStore {
  let closed = false
  const assertOpen = (operation: string): void => {
    if (closed) throw new BseError('CLOSED', `memory-cache.${operation}: the store is closed`, { what: 'memory cache' })
  }

  return {
    name: 'memory',
    durable: false,
    async stage(source, options = {}) {
      assertOpen('stage')
      const { blob, hash } = await readAndHash(source, options)
      assertOpen('stage')
      const stageId = `${options.owner ?? 'store'}-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`
      staged.set(stageId, blob)
      return { stageId, hash, sizeBytes: blob.size }
    },
    async publish({ stageId, hash }: StagedBytes) {
      assertOpen('publish')
      const blob = staged.get(stageId)
      if (blob === undefined) throw new BseError('NOT_FOUND', 'memory-cache.publish: nothing is staged under this id', { what: 'blob', id: stageId })
      staged.delete(stageId)
      if (published.has(hash)) return 'already-present'
      published.set(hash, blob)
      return 'published'
    },
    async discard(stageId) {
      assertOpen('discard')
      staged.delete(stageId)
    },
    async sweep(isAlive) {
      assertOpen('sweep')
      for (const stageId of [...staged.keys()]) if (!isAlive(stageId)) staged.delete(stageId)
    },
    async get(hash) {
      assertOpen('get')
      return published.get(hash)
    },
    async read(hash, range) {
      assertOpen('read')
      const blob = published.get(hash)
      return blob && slice(blob, range).stream()
    },
    async delete(hash) {
      assertOpen('delete')
      return published.delete(hash) ? 'deleted' : 'absent'
    },
    async *list({ signal } = {}): AsyncGenerator<CacheEntry, void, undefined> {
      for (const [hash, blob] of published) {
        assertOpen('list')
        signal?.throwIfAborted()
        yield { hash, sizeBytes: blob.size }
      }
      assertOpen('list')
      signal?.throwIfAborted()
    },
    async destroy() {
      assertOpen('destroy')
      published.clear()
      staged.clear()
      closed = true
    },
    async close() {
      closed = true
    },
  }
}

async function readAndHash(source: Blob | ReadableStream<Uint8Array>, options: StageOptions): Promise<{ blob: Blob; hash: BlobHash }> {
  const hasher = await createHasher()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  for await (const chunk of readChunks(source, { signal: options.signal })) {
    hasher.update(chunk)
    // A copy: a source may fill the same buffer again.
    chunks.push(new Uint8Array(chunk))
  }
  const hash = hasher.digest()
  if (options.expect !== undefined && options.expect !== hash) {
    throw new BseError('HASH_MISMATCH', 'memory-cache.stage: other bytes than expected', { expected: options.expect, actual: hash })
  }
  return { blob: new Blob(chunks), hash }
}

function slice(blob: Blob, { start, end = blob.size }: ByteRange): Blob {
  const valid = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= blob.size
  if (!valid) throw new BseError('RANGE_INVALID', 'memory-cache.read: the range is outside of the blob', { sizeBytes: blob.size })
  return blob.slice(start, end)
}
