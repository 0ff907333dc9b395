import { blobHashFromBytes, type BlobHash } from '../wire/blob-hash.ts'

/** `crypto.getRandomValues` takes at most this much at once. */
const RANDOM_PIECE_BYTES = 65_536

/** Bytes that no compression and no accident repeats. */
export function randomBytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes)
  for (let at = 0; at < sizeBytes; at += RANDOM_PIECE_BYTES) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_PIECE_BYTES))
  return bytes
}

export function textBlob(text: string): Blob {
  return new Blob([text], { type: 'text/plain' })
}

/** Computed by the platform, apart from the code under test. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<BlobHash> {
  return blobHashFromBytes(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

export async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer())
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** Hands `bytes` out in pieces of these sizes, over and over; a size of 0 gives an empty chunk. */
export function streamOf(bytes: Uint8Array, pieceSizes: readonly number[]): ReadableStream<Uint8Array> {
  let [at, turn] = [0, 0]
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      const size = pieceSizes[turn++ % pieceSizes.length] ?? bytes.length
      controller.enqueue(bytes.slice(at, at + size))
      at += size
    },
  })
}

export async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = stream.getReader()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  for (let step = await reader.read(); !step.done; step = await reader.read()) chunks.push(new Uint8Array(step.value))
  return bytesOf(new Blob(chunks))
}
