import { BseError, blobHashFromHex, hexOf, type BlobHash } from '@bse/core/wire'
import type { BlobKey, CollectableStorage, PutResult, StoredPage, StoredState } from './blob-storage.ts'
import { EqualParts, type Part } from './equal-parts.ts'
import type { ObjectBucket } from './object-bucket.ts'
import { isSpace, objectKey, spacePrefix } from './object-key.ts'
import { storageError } from './s3-error.ts'
import { hashOfBytes, streamHash } from './stream-hash.ts'

/** Up to this size an upload is held in memory and hashed before anything is sent; above it goes in parts of this size. */
const PART_BYTES = 8_388_608
const HEX_KEY = /^[0-9a-f]{64}$/

/**
 * Blobs as objects of a bucket, `<space>/<hex>`. Nothing that its hash does not name is ever shown: small blobs are hashed before they are put,
 * large ones while their parts go out, and the parts become an object only when the hash is right.
 */
export function bucketStorage(bucket: ObjectBucket): CollectableStorage {
  return new BucketStorage(bucket)
}

class BucketStorage implements CollectableStorage {
  readonly #bucket: ObjectBucket
  readonly #closing = new AbortController()

  constructor(bucket: ObjectBucket) {
    this.#bucket = bucket
  }

  async put(key: BlobKey, body: ReadableStream<Uint8Array>): Promise<PutResult> {
    this.#closing.signal.throwIfAborted()
    const parts = new EqualParts(body, PART_BYTES, this.#closing.signal)
    try {
      const first = await parts.next()
      return first.isLast ? await this.#putWhole(key, first.bytes) : await this.#putParts(key, first, parts)
    } finally {
      await parts.cancel()
    }
  }

  async head(key: BlobKey): Promise<StoredState> {
    const found = await this.#run('head', () => this.#bucket.head(objectKey(key)))
    return found === undefined ? { is: 'absent' } : { is: 'stored', sizeBytes: found.sizeBytes }
  }

  read(key: BlobKey, range: { readonly start: number; readonly end: number }): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#run('read', () => this.#bucket.get(objectKey(key), range))
  }

  async list(space: string, { after, limit }: { readonly limit: number; readonly after: BlobHash | undefined }): Promise<StoredPage> {
    const prefix = spacePrefix(space)
    const page = await this.#run('list', () => this.#bucket.list(prefix, { after: after === undefined ? '' : `${prefix}${hexOf(after)}`, limit }))
    const named = page.objects.map(({ key, sizeBytes }) => ({ hex: key.slice(prefix.length), sizeBytes }))
    // What else somebody keeps under the prefix is none of ours.
    const blobs = named.filter(({ hex }) => HEX_KEY.test(hex)).map(({ hex, sizeBytes }) => ({ hash: blobHashFromHex(hex), sizeBytes }))
    return { blobs, more: page.more }
  }

  /** One listing for each: behind a space's name comes a slash, and behind that a zero. */
  async spaces(): Promise<readonly string[]> {
    const spaces: string[] = []
    for (let after = ''; ; ) {
      const { objects } = await this.#run('list', () => this.#bucket.list('', { after, limit: 1 }))
      const [first] = objects
      if (first === undefined) return spaces
      const space = first.key.slice(0, Math.max(0, first.key.indexOf('/')))
      after = space === '' ? first.key : `${space}0`
      if (space !== '' && isSpace(space)) spaces.push(space)
    }
  }

  async delete(key: BlobKey): Promise<void> {
    await this.#run('delete', () => this.#bucket.delete(objectKey(key)))
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closing.abort(new BseError('CLOSED', 'server: the store is closed', { what: 'store' }))
  }

  async #putWhole(key: BlobKey, bytes: Uint8Array<ArrayBuffer>): Promise<PutResult> {
    mustBe(key.hash, await hashOfBytes(bytes))
    return this.#run('put', async () => {
      const isThere = (await this.#bucket.head(objectKey(key))) !== undefined
      if (!isThere) await this.#bucket.put(objectKey(key), bytes, key.hash)
      return { outcome: isThere ? 'already-present' : 'stored', sizeBytes: bytes.byteLength }
    })
  }

  async #putParts(key: BlobKey, first: Part, rest: EqualParts): Promise<PutResult> {
    const upload = await this.#run('put', () => this.#bucket.begin(objectKey(key)))
    try {
      const hash = await streamHash()
      let sizeBytes = 0
      for (let part: Part | undefined = first; part !== undefined; part = part.isLast ? undefined : await rest.next()) {
        const { bytes, partNumber } = part
        sizeBytes += bytes.byteLength
        await hash.update(bytes)
        if (bytes.byteLength > 0) await this.#run('put', () => upload.part(partNumber, bytes))
      }
      mustBe(key.hash, await hash.digest())
      await this.#run('put', () => upload.complete())
      return { outcome: 'stored', sizeBytes }
    } catch (error) {
      // Its parts are freed by the bucket's own rule for unfinished uploads when this fails too.
      await upload.abort().catch(() => undefined)
      throw error
    }
  }

  async #run<T>(operation: string, work: () => Promise<T>): Promise<T> {
    this.#closing.signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      throw storageError(operation, error)
    }
  }
}

function mustBe(expected: BlobHash, actual: BlobHash): void {
  if (actual !== expected) throw new BseError('HASH_MISMATCH', 'blobs: other bytes than the hash names', { expected, actual })
}
