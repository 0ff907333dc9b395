/**
 * The chunks of a source, in order, as they come; an abort ends even a source that never answers.
 *
 * The source is cancelled when the reader stops early. Not `for await` over the stream itself: not every browser has it.
 *
 * @throws the source's own error when it fails; the signal's reason when aborted.
 */
export async function* readChunks(
  source: Blob | ReadableStream<Uint8Array>,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal } = options
  const reader = (source instanceof Blob ? source.stream() : source).getReader()
  const stop = (): void => cancelQuietly(reader, signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  let ended = false
  try {
    signal?.throwIfAborted()
    for (;;) {
      const step = await reader.read()
      signal?.throwIfAborted()
      ended = step.done
      if (step.done) return
      yield step.value
      signal?.throwIfAborted()
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    if (!ended) cancelQuietly(reader, signal?.reason)
  }
}

/** The caller hears why reading stopped; that the source also failed to stop would tell it nothing more. */
function cancelQuietly(reader: ReadableStreamDefaultReader<Uint8Array>, reason: unknown): void {
  reader.cancel(reason).catch(() => undefined)
}
