import { blobHashFromBytes, hexOf, type BlobHash } from './blob-hash.ts'

/** In front of each blob of a batch: 32 bytes of digest, then its length as an unsigned big-endian 32-bit number. */
export const BATCH_HEAD_BYTES = 36
const DIGEST_BYTES = 32

export interface BatchHead {
  readonly hash: BlobHash
  readonly sizeBytes: number
}

/** `sizeBytes` must fit in 32 bits; batches are for small blobs. */
export function encodeBatchHead(head: BatchHead): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BATCH_HEAD_BYTES)
  const hex = hexOf(head.hash)
  for (let index = 0; index < DIGEST_BYTES; index++) bytes[index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16)
  new DataView(bytes.buffer).setUint32(DIGEST_BYTES, head.sizeBytes)
  return bytes
}

/** Any 36 bytes are a head: the digest says nothing about itself, only the blob behind it can contradict it. */
export function decodeBatchHead(bytes: Uint8Array): BatchHead {
  const sizeBytes = new DataView(bytes.buffer, bytes.byteOffset, BATCH_HEAD_BYTES).getUint32(DIGEST_BYTES)
  return { hash: blobHashFromBytes(bytes.subarray(0, DIGEST_BYTES)), sizeBytes }
}
