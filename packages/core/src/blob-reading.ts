import type { CacheManager } from './cache/manager.ts'
import { fromFirst } from './cache/from-first.ts'
import { BseError, hasCode } from './errors.ts'
import { partOf, verifying, whileOpen } from './blob-streams.ts'
import { isProvisional } from './model/ids.ts'
import type { BlobProvider, RemoteRef, RemoteUrl } from './provider/blob-provider.ts'
import type { ByteRange } from './provider/cache-store.ts'
import type { BlobHash } from './wire/blob-hash.ts'

/** Bytes of a blob, as they come. */
export interface BlobStream {
  /** To be read to its end or cancelled: until then the bytes stay on this device. */
  readonly body: ReadableStream<Uint8Array>
  /** Of the whole blob, where that is known. */
  readonly sizeBytes: number | undefined
  /** What `body` holds. */
  readonly range: ByteRange
  /**
   * Whether the bytes were compared with the hash before the first of them is given. False for what comes straight from a store: a part,
   * which nobody can compare without the rest, or the whole where this device has no room for it. The whole then breaks with
   * `HASH_MISMATCH` before its last bytes.
   */
  readonly verified: boolean
}

export interface BlobReadingDeps {
  readonly ready: () => Promise<void>
  readonly cache: Pick<CacheManager, 'open' | 'local' | 'borrow'>
  /** The primary first. */
  readonly remotes: readonly [BlobProvider, ...BlobProvider[]]
  /** The File of a write that is not durable yet. */
  readonly provisional: (hash: string) => Blob | undefined
  /** What is known of the type of bytes that were asked for by their hash alone; empty for nothing. */
  readonly typeOf: (hash: BlobHash) => Promise<string>
  readonly onFailure: (error: unknown) => void
  readonly closing: AbortSignal
}

const SIGNED_FOR_MS = 3_600_000

/** How the app and its page come to bytes: from this device, else from the first store that has them. */
export class BlobReading {
  readonly #deps: BlobReadingDeps

  constructor(deps: BlobReadingDeps) {
    this.#deps = deps
  }

  /** `null` when nobody has it, or nobody can be asked. */
  async get(asked: RemoteRef | BlobHash, signal: AbortSignal = this.#deps.closing): Promise<Blob | null> {
    try {
      return await this.whole(asked, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (hasCode(error, 'NOT_FOUND') || hasCode(error, 'GONE') || hasCode(error, 'NETWORK') || hasCode(error, 'OFFLINE')) return null
      throw error
    }
  }

  /** @throws BseError `NOT_FOUND`, `GONE`, `NETWORK`, `HASH_MISMATCH`, and what else the cache and the stores say; the signal's reason. */
  async whole(asked: RemoteRef | BlobHash, signal: AbortSignal = this.#deps.closing): Promise<Blob> {
    const ref = refOf(asked)
    await this.#deps.ready()
    if (isProvisional(ref.hash)) return this.#deps.provisional(ref.hash) ?? Promise.reject(neverStored(ref.hash))
    try {
      const blob = await this.#deps.cache.open(ref, signal)
      const type = ref.type || (await this.#deps.typeOf(ref.hash))
      return type === '' ? blob : blob.slice(0, blob.size, type)
    } catch (error) {
      signal.throwIfAborted()
      this.#deps.onFailure(error)
      throw error
    }
  }

  /** For something that is shown: the bytes, or where this device has no room for them a URL of the primary store. */
  async forDisplay(ref: RemoteRef, { renews, signal }: { readonly renews: boolean; readonly signal: AbortSignal }): Promise<Blob | RemoteUrl | undefined> {
    const here = renews ? await this.#deps.cache.local(ref.hash) : undefined
    if (here !== undefined) return here
    try {
      if (!renews) return (await this.get(ref, signal)) ?? undefined
    } catch (error) {
      if (!hasCode(error, 'STORAGE_FULL')) throw error
    }
    const [primary] = this.#deps.remotes
    return primary.url?.(ref, { expiresInMs: SIGNED_FOR_MS, signal })
  }

  /** @throws BseError `NOT_FOUND`, `GONE`, `RANGE_INVALID`, and what else the cache and the stores say; the signal's reason. */
  async open(asked: RemoteRef | BlobHash, { range, signal }: { readonly range?: ByteRange; readonly signal?: AbortSignal } = {}): Promise<BlobStream> {
    const ref = refOf(asked)
    if (range !== undefined && (range.start < 0 || (range.end !== undefined && range.end <= range.start))) throw emptyRange(ref.sizeBytes)
    await this.#deps.ready()
    const ends = signal === undefined ? this.#deps.closing : AbortSignal.any([signal, this.#deps.closing])
    ends.throwIfAborted()
    const file = this.#deps.provisional(ref.hash)
    if (file !== undefined) return fromBlob(file, range, ends, () => undefined)
    try {
      return (await this.#fromHere(ref, range, ends)) ?? (await this.#fromStores(ref, range, ends))
    } catch (error) {
      ends.throwIfAborted()
      this.#deps.onFailure(error)
      throw error
    }
  }

  /** Borrowed until the stream has ended: what is read is not evicted. */
  async #fromHere(ref: RemoteRef, range: ByteRange | undefined, signal: AbortSignal): Promise<BlobStream | undefined> {
    const lent = await this.#deps.cache.borrow(ref.hash, signal)
    try {
      const blob = (await this.#deps.cache.local(ref.hash)) ?? (range === undefined ? await this.#fetched(ref, signal) : undefined)
      if (blob !== undefined) return fromBlob(blob, range, signal, () => lent.release())
    } catch (error) {
      lent.release()
      throw error
    }
    lent.release()
    return undefined
  }

  /** `undefined` where there is no room for it. */
  async #fetched(ref: RemoteRef, signal: AbortSignal): Promise<Blob | undefined> {
    try {
      return await this.#deps.cache.open(ref, signal)
    } catch (error) {
      if (hasCode(error, 'STORAGE_FULL')) return undefined
      throw error
    }
  }

  async #fromStores(ref: RemoteRef, range: ByteRange | undefined, signal: AbortSignal): Promise<BlobStream> {
    const asked = { signal, ...(range === undefined ? {} : { range }) }
    const opened = await fromFirst(this.#deps.remotes, signal, (remote) => remote.open(ref, asked))
    const { sizeBytes } = opened
    if (range === undefined) return { body: await verifying(opened.body, ref.hash), sizeBytes, range: { start: 0 }, verified: false }
    if (opened.range !== undefined) return { body: opened.body, sizeBytes, range: opened.range, verified: false }
    // A store without ranges gives the whole.
    return { body: partOf(opened.body, range), sizeBytes, range, verified: false }
  }
}

function neverStored(name: string): BseError {
  return new BseError('NOT_FOUND', 'core.blobs: these bytes were never stored', { what: 'blob', id: name })
}

function refOf(asked: RemoteRef | BlobHash): RemoteRef {
  return typeof asked === 'string' ? { hash: asked, sizeBytes: undefined, type: '' } : asked
}

function fromBlob(blob: Blob, range: ByteRange = { start: 0 }, signal: AbortSignal, onEnd: () => void): BlobStream {
  if (range.start > 0 && range.start >= blob.size) throw emptyRange(blob.size)
  const end = Math.min(range.end ?? blob.size, blob.size)
  const body = whileOpen(blob.slice(range.start, end).stream(), signal, onEnd)
  return { body, sizeBytes: blob.size, range: { start: range.start, end }, verified: true }
}

function emptyRange(sizeBytes: number | undefined): BseError {
  return new BseError('RANGE_INVALID', 'core.blobs.open: the range holds no byte of the blob', { sizeBytes })
}
