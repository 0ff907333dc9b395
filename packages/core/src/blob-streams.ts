import { BseError } from './errors.ts'
import { createHasher } from './hash/index.ts'
import type { ByteRange } from './provider/cache-store.ts'
import type { BlobHash } from './wire/blob-hash.ts'

/** The same bytes; `onEnd` runs once, when they have all been read, when reading fails, is cancelled or aborted. */
export function whileOpen(from: ReadableStream<Uint8Array>, signal: AbortSignal, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = from.getReader()
  let isOpen = true
  let onAbort = (): void => undefined
  const end = (): void => {
    if (!isOpen) return
    isOpen = false
    signal.removeEventListener('abort', onAbort)
    onEnd()
  }
  return new ReadableStream<Uint8Array>({
    start(controller) {
      onAbort = () => {
        controller.error(signal.reason)
        // The reader has its error already.
        reader.cancel(signal.reason).catch(() => undefined)
        end()
      }
      signal.addEventListener('abort', onAbort, { once: true })
    },
    async pull(controller) {
      try {
        const next = await reader.read()
        if (!isOpen) return
        if (!next.done) return controller.enqueue(next.value)
        controller.close()
        end()
      } catch (error) {
        end()
        throw error
      }
    },
    cancel: (reason) => {
      end()
      return reader.cancel(reason)
    },
  }, { highWaterMark: 0 })
}

/** Breaks with `HASH_MISMATCH` instead of giving the last chunk of other bytes. */
export async function verifying(from: ReadableStream<Uint8Array>, hash: BlobHash): Promise<ReadableStream<Uint8Array>> {
  const hasher = await createHasher()
  let held: Uint8Array | undefined
  return from.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      hasher.update(chunk)
      if (held !== undefined) controller.enqueue(held)
      held = chunk
    },
    flush(controller) {
      const actual = hasher.digest()
      if (actual !== hash) throw new BseError('HASH_MISMATCH', 'core.blobs.open: the store gave other bytes', { expected: hash, actual })
      if (held !== undefined) controller.enqueue(held)
    },
  }))
}

/** The part of a whole. What lies behind it is not read. */
export function partOf(from: ReadableStream<Uint8Array>, { end = Infinity, start }: ByteRange): ReadableStream<Uint8Array> {
  let at = 0
  return from.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const part = chunk.subarray(Math.min(Math.max(0, start - at), chunk.byteLength), Math.max(0, Math.min(end - at, chunk.byteLength)))
      at += chunk.byteLength
      if (part.byteLength > 0) controller.enqueue(part)
      if (at >= end) controller.terminate()
    },
    flush(controller) {
      if (at <= start) controller.error(new BseError('RANGE_INVALID', 'core.blobs.open: the range begins behind the blob', { sizeBytes: at }))
    },
  }))
}
