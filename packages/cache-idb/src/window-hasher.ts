import { createHasher, type Hasher } from '@bse/core/hash'
import { blobHashFromBytes, type BlobHash } from '@bse/core/wire'
import type { Window } from './chunks.ts'

/**
 * Hashes windows as they pass. What fits into one chunk goes through the platform's digest, off this thread: a streaming
 * hasher is a WebAssembly instance, of which browsers allow few at a time, and small blobs come by the hundred.
 */
export class WindowHasher {
  #hasher: Hasher | undefined

  /** The hash of all bytes with the last window. */
  async add({ chunks, isLast }: Window): Promise<BlobHash | undefined> {
    // A page that is not a secure context has no `crypto.subtle`.
    const subtle: SubtleCrypto | undefined = globalThis.crypto.subtle
    if (this.#hasher === undefined && isLast && chunks.length <= 1 && subtle !== undefined) {
      return blobHashFromBytes(new Uint8Array(await subtle.digest('SHA-256', chunks[0] ?? new ArrayBuffer(0))))
    }
    this.#hasher ??= await createHasher()
    for (const chunk of chunks) this.#hasher.update(new Uint8Array(chunk))
    return isLast ? this.#hasher.digest() : undefined
  }
}
