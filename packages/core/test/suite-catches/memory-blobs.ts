import type { BlobProvider, ByteRange, OpenedBlob, RemoteRef, UploadTask } from '../../src/provider/index.ts'
import { BseError, type BlobHash } from '../../src/wire/index.ts'
import { bytesOf, sha256Of } from '../../src/testing/index.ts'

const PIECE_BYTES = 65_536

/** A provider that keeps every rule, over a store in memory. `stored` is open so that a test can spoil it. */
export interface MemoryBlobs extends BlobProvider {
  readonly stored: Map<BlobHash, Blob>
}

export function memoryBlobs(stored: Map<BlobHash, Blob>): MemoryBlobs {
  const closing = new AbortController()
  const turn = async (signal: AbortSignal): Promise<void> => {
    AbortSignal.any([signal, closing.signal]).throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve))
    AbortSignal.any([signal, closing.signal]).throwIfAborted()
  }
  const take = async (task: UploadTask): Promise<void> => {
    const actual = await sha256Of(await bytesOf(task.blob))
    if (actual !== task.hash) throw new BseError('HASH_MISMATCH', 'memory', { expected: task.hash, actual })
    stored.set(task.hash, task.blob)
  }
  return {
    stored, name: 'memory', remoteId: 'memory:1',
    capabilities: { resumable: false, maxBytes: undefined, dedupes: true, checkpointIsSecret: false },
    connect: () => undefined,
    close: async () => closing.abort(new BseError('CLOSED', 'memory', { what: 'provider' })),
    abandon: async () => undefined,
    delete: async (hash) => void stored.delete(hash),
    url: async ({ hash }) => ({ url: URL.createObjectURL(stored.get(hash) ?? new Blob([])), expiresAtMs: undefined }),
    open: async (ref, { range, signal }) => {
      await turn(signal)
      return opened(ref, stored.get(ref.hash), range, signal)
    },
    stat: async (hashes, { signal }) => {
      await turn(signal)
      return hashes.map((hash) => (stored.has(hash) ? { is: 'stored', sizeBytes: stored.get(hash)?.size } : { is: 'absent' }))
    },
    upload: async (task, io) => {
      io.onProgress({ sentBytes: 0, confirmedBytes: 0 })
      await turn(io.signal)
      await take(task)
      io.onProgress({ sentBytes: task.sizeBytes, confirmedBytes: task.sizeBytes })
      return { verified: 'sha256' }
    },
    batch: {
      maxBlobBytes: 100_000, maxTotalBytes: 1_000_000, maxCount: 32,
      upload: async (tasks, { signal }) => {
        await turn(signal)
        return Promise.all(tasks.map((task) => take(task).then(() => ({ hash: task.hash, receipt: { verified: 'sha256' as const } }), (error: unknown) => ({ hash: task.hash, error }))))
      },
    },
  }
}

function opened(ref: RemoteRef, blob: Blob | undefined, range: ByteRange | undefined, signal: AbortSignal): OpenedBlob {
  if (blob === undefined) throw new BseError('NOT_FOUND', 'memory', { what: 'blob', id: ref.hash })
  if (range !== undefined && range.start >= Math.min(range.end ?? blob.size, blob.size)) throw new BseError('RANGE_INVALID', 'memory', { sizeBytes: blob.size })
  const end = range === undefined ? blob.size : Math.min(range.end ?? blob.size, blob.size)
  return { body: abortable(blob.slice(range?.start ?? 0, end), signal), sizeBytes: blob.size, range: range === undefined ? undefined : { start: range.start, end } }
}

/** Nothing is read ahead, so that an abort is noticed by the next read. */
function abortable(blob: Blob, signal: AbortSignal): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      signal.throwIfAborted()
      if (at >= blob.size) return controller.close()
      const piece = new Uint8Array(await blob.slice(at, at + PIECE_BYTES).arrayBuffer())
      at += piece.length
      controller.enqueue(piece)
    },
  }, { highWaterMark: 0 })
}
