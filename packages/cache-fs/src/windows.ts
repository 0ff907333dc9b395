/** How much of a source is in memory at once: large enough for the disk, small enough for the event loop while hashing. */
export const WINDOW_BYTES: number = 1024 * 1024

/**
 * Hands a source over in windows of at most `WINDOW_BYTES`. The next one is read when `consume` has resolved.
 *
 * @throws the source's own error, the signal's reason, or what `consume` threw; the source is cancelled with it.
 */
export async function forEachWindow(
  source: Blob | ReadableStream<Uint8Array>,
  signal: AbortSignal,
  consume: (window: Uint8Array) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted()
  if (source instanceof ReadableStream) await readStream(source, signal, consume)
  else await readBlob(source, signal, consume)
}

async function readBlob(blob: Blob, signal: AbortSignal, consume: (window: Uint8Array) => Promise<void>): Promise<void> {
  for (let start = 0; start < blob.size; start += WINDOW_BYTES) {
    const window = await blob.slice(start, start + WINDOW_BYTES).arrayBuffer()
    signal.throwIfAborted()
    await consume(new Uint8Array(window))
  }
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  consume: (window: Uint8Array) => Promise<void>,
): Promise<void> {
  const reader = stream.getReader()
  // Cancelling ends a pending read at once. What the source says to that is of no use to anybody any more.
  const cancel = (reason: unknown): void => void reader.cancel(reason).catch(() => undefined)
  const onAbort = (): void => cancel(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (let next = await reader.read(); ; next = await reader.read()) {
      signal.throwIfAborted()
      if (next.done) return
      await consumeChunk(next.value, signal, consume)
    }
  } catch (error) {
    cancel(error)
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    reader.releaseLock()
  }
}

async function consumeChunk(chunk: unknown, signal: AbortSignal, consume: (window: Uint8Array) => Promise<void>): Promise<void> {
  if (!(chunk instanceof Uint8Array)) throw new TypeError('cache-fs.stage: the stream gave something that is not a Uint8Array')
  for (let start = 0; start < chunk.byteLength; start += WINDOW_BYTES) {
    await consume(chunk.subarray(start, start + WINDOW_BYTES))
    signal.throwIfAborted()
  }
}
