import { blobHashFromBytes, type BlobHash } from '../wire/blob-hash.ts'
import { createHasher } from './hasher.ts'
import { readWindows } from './read-windows.ts'

/** Above this a blob is hashed in slices: the one-shot digest of the platform wants all bytes in memory at once. */
const ONE_SHOT_MAX_BYTES = 64 * 1024 * 1024
const SLICE_BYTES = 4 * 1024 * 1024

/**
 * SHA-256 of a blob in this thread: one digest of the platform up to 64 MiB, in slices of 4 MiB above it.
 *
 * @throws the signal's reason when aborted; the platform's own error when the bytes cannot be read.
 */
export async function hashBlobHere(blob: Blob, signal?: AbortSignal): Promise<BlobHash> {
  signal?.throwIfAborted()
  // A page that is not a secure context has no `crypto.subtle`.
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (subtle === undefined || blob.size > ONE_SHOT_MAX_BYTES) return hashInSlices(blob, signal)
  const digest = await subtle.digest('SHA-256', await blob.arrayBuffer())
  signal?.throwIfAborted()
  return blobHashFromBytes(new Uint8Array(digest))
}

async function hashInSlices(blob: Blob, signal: AbortSignal | undefined): Promise<BlobHash> {
  const hasher = await createHasher()
  for await (const window of readWindows(blob, SLICE_BYTES, signal)) hasher.update(window)
  return hasher.digest()
}
