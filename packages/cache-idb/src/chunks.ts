import { readChunks } from '@bse/core/hash'

/** Far below the 127 MiB at which Chromium refuses a value, and small enough that a range costs little more than it is. */
export const CHUNK_BYTES: number = 1024 * 1024
/** What one transaction of a stage writes. */
const WINDOW_CHUNKS = 2
export const WINDOW_BYTES: number = WINDOW_CHUNKS * CHUNK_BYTES

export interface Window {
  readonly chunks: readonly ArrayBuffer[]
  readonly isLast: boolean
}

/** The bytes of a source, a few chunks at a time; one window, without chunks, for a source without bytes. */
export async function* windowsOf(source: Blob | ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Window, void, undefined> {
  let chunks: ArrayBuffer[] = []
  for await (const chunk of source instanceof Blob ? blobChunks(source, signal) : streamChunks(source, signal)) {
    if (chunks.length === WINDOW_CHUNKS) {
      yield { chunks, isLast: false }
      chunks = []
    }
    chunks.push(chunk)
  }
  yield { chunks, isLast: true }
}

async function* blobChunks(blob: Blob, signal: AbortSignal): AsyncGenerator<ArrayBuffer, void, undefined> {
  for (let start = 0; start < blob.size; start += CHUNK_BYTES) {
    const chunk = await blob.slice(start, start + CHUNK_BYTES).arrayBuffer()
    signal.throwIfAborted()
    yield chunk
  }
}

/** A stream gives pieces as it likes, and may use the buffers again: they are copied into chunks. */
async function* streamChunks(stream: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<ArrayBuffer, void, undefined> {
  let [chunk, filled] = [new Uint8Array(CHUNK_BYTES), 0]
  for await (const piece of readChunks(stream, { signal })) {
    if (!(piece instanceof Uint8Array)) throw new TypeError('cache-idb.stage: the stream gave something that is not a Uint8Array')
    for (let start = 0; start < piece.byteLength;) {
      const part = piece.subarray(start, start + CHUNK_BYTES - filled)
      chunk.set(part, filled)
      start += part.byteLength
      filled += part.byteLength
      if (filled < CHUNK_BYTES) continue
      yield chunk.buffer
      ;[chunk, filled] = [new Uint8Array(CHUNK_BYTES), 0]
    }
  }
  if (filled > 0) yield chunk.buffer.slice(0, filled)
}
