import type { BlobHash } from '../wire/blob-hash.ts'
import { hashBlobHere } from './hash-here.ts'
import { hashInWorker, type HashOptions } from './worker-pool.ts'

/** Below this a round trip to a worker costs more than it takes off this thread. */
const WORKER_FROM_BYTES = 2 * 1024 * 1024

/**
 * SHA-256 of a blob, equal to what `sha256sum` prints. Big blobs are hashed in a worker where there is one, and from
 * 64 MiB on in slices, so that memory stays at a few megabytes.
 *
 * @throws the signal's reason when aborted; the platform's own error when the bytes cannot be read.
 */
export async function hashBlob(blob: Blob, options: HashOptions = {}): Promise<BlobHash> {
  return blob.size < WORKER_FROM_BYTES ? hashBlobHere(blob, options.signal) : hashInWorker(blob, options)
}
