import { readChunks } from '@bse/core/hash'

/** How much of a source is in memory at once. */
export const WINDOW_BYTES: number = 4 * 1024 * 1024
/** What is sent to the worker in one message. */
const PIECE_BYTES = 1024 * 1024

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
