/**
 * The bytes of a blob in order, in windows of one size of which the last may be shorter. A window holds until the next one is
 * asked for. The next one is being read meanwhile, and two buffers take turns: what `Blob.arrayBuffer` gives is freed by the
 * garbage collector alone, which lets a hundred megabytes come together before it looks.
 *
 * @throws the platform's own error when the bytes cannot be read; the signal's reason when aborted.
 */
export async function* readWindows(
  blob: Blob,
  windowBytes: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  if (blob.size <= windowBytes) return yield* wholeBlob(blob, signal)
  const read = windowReader(blob)
  let reading = heard(read.next(new ArrayBuffer(windowBytes)))
  let spare = new ArrayBuffer(windowBytes)
  try {
    for (;;) {
      const window = await reading
      signal?.throwIfAborted()
      if (window.byteLength === 0) return
      reading = heard(read.next(spare))
      yield window
      spare = window.buffer
    }
  } finally {
    read.end()
  }
}

/** A stream and two buffers cost more than reading the few bytes. */
async function* wholeBlob(blob: Blob, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const bytes = await blob.arrayBuffer()
  signal?.throwIfAborted()
  if (bytes.byteLength > 0) yield new Uint8Array(bytes)
}

interface WindowReader {
  /** The next bytes, as many as the buffer holds while there are so many; in this buffer where that can be. */
  next(buffer: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>>
  end(): void
}

function windowReader(blob: Blob): WindowReader {
  const reader = byteReader(blob)
  let at = 0
  const next = async (buffer: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> => {
    const { byteLength } = buffer
    const slice = async (): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await blob.slice(at, at + byteLength).arrayBuffer())
    const window = await (reader === undefined ? slice() : fill(reader, buffer).catch(failAs(slice)))
    at += window.byteLength
    return window
  }
  // Bytes that nobody wants any more are no loss, whatever their stream says.
  return { next, end: () => void reader?.cancel().catch(() => undefined) }
}

/** `undefined` in browsers whose blobs are no byte streams. */
function byteReader(blob: Blob): ReadableStreamBYOBReader | undefined {
  try {
    return blob.stream().getReader({ mode: 'byob' })
  } catch {
    return undefined
  }
}

async function fill(reader: ReadableStreamBYOBReader, into: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
  let [buffer, filled] = [into, 0]
  while (filled < buffer.byteLength) {
    const { done, value } = await reader.read(new Uint8Array(buffer, filled))
    if (value !== undefined) buffer = value.buffer
    if (done) break
    filled += value.byteLength
  }
  return new Uint8Array(buffer, 0, filled)
}

/** A stream fails with a bare `TypeError`: only reading otherwise tells a file that is gone from one that cannot be read. */
function failAs(read: () => Promise<unknown>): (error: unknown) => Promise<never> {
  return async (error) => {
    await read()
    throw error
  }
}

/** Its failure is told to whoever awaits it, and nobody does when the work stopped before. */
function heard<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined)
  return promise
}
