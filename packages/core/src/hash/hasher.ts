import { createSHA256 } from 'hash-wasm'
import { blobHashFromHex, type BlobHash } from '../wire/blob-hash.ts'

/** SHA-256 of bytes that pass by. */
export interface Hasher {
  update(chunk: Uint8Array): void
  /** Of everything given so far. Ends the hasher: it takes nothing after this. */
  digest(): BlobHash
}

/** For adapters that hash in the pass that writes. Holds a few kilobytes, whatever passes through it. */
export async function createHasher(): Promise<Hasher> {
  const sha256 = await createSHA256()
  sha256.init()
  return {
    update(chunk) {
      sha256.update(chunk)
    },
    digest: () => blobHashFromHex(sha256.digest('hex')),
  }
}
