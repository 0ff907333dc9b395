import { readChunks } from '@bse/core/hash'

/** How much of a source is in memory at once. */
export const WINDOW_BYTES: number = 4 * 1024 * 1024
/** What is sent to the worker in one message. */
const PIECE_BYTES = 1024 * 1024

/** The bytes of a blob in windows; the next one is being read while the caller works on the last. */
export async function* blobWindows(blob: Blob, signal: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let next = readWindow(blob, 0)
  for (let start = 0; start < blob.size; start += WINDOW_BYTES) {
    const window = await next
    signal.throwIfAborted()
    next = readWindow(blob, start + WINDOW_BYTES)
    yield new Uint8Array(window)
  }
}

function readWindow(blob: Blob, start: number): Promise<ArrayBuffer> {
  const reading = blob.slice(start, start + WINDOW_BYTES).arrayBuffer()
  reading.catch(() => undefined) // heard by whoever awaits it; nobody does when the work stopped before
  return reading
}

/** The chunks of a stream, none larger than a piece. The stream is cancelled when the caller stops early. */
export async function* streamPieces(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of readChunks(stream, { signal })) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('cache-opfs.stage: the stream gave something that is not a Uint8Array')
    for (let start = 0; start < chunk.byteLength; start += PIECE_BYTES) yield chunk.subarray(start, start + PIECE_BYTES)
  }
}
