import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { BseError, type ByteRange } from '@bse/core/provider'
import { systemCode, toStorageError } from './fs-error.ts'
import { NO_FOLLOW } from './staged-file.ts'

/** Of the first read, doubled by each until the largest: who hardly reads costs little memory, who reads on few calls. */
const FIRST_CHUNK_BYTES = 32 * 1024
const CHUNK_BYTES = 256 * 1024

/**
 * Opens a part of a file as a stream, or gives `undefined` when there is no file. The open handle keeps the bytes readable
 * though the name goes; it is closed at the end, on cancel, and when `closing` fires.
 *
 * @throws BseError `RANGE_INVALID`; `STORAGE_FAILED` also for a symbolic link, which is never followed.
 */
export async function openRange(path: string, range: ByteRange, closing: AbortSignal): Promise<ReadableStream<Uint8Array> | undefined> {
  const file = await openForReading(path)
  if (file === undefined) return undefined
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new Error('not a regular file')
    const end = range.end ?? found.size
    if (!isInside(range.start, end, found.size)) {
      throw new BseError('RANGE_INVALID', 'cache-fs.read: the range is not inside the blob', { sizeBytes: found.size })
    }
    return streamOf(file, range.start, end, closing)
  } catch (error) {
    await file.close()
    throw error
  }
}

function isInside(start: number, end: number, sizeBytes: number): boolean {
  return Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= sizeBytes
}

async function openForReading(path: string): Promise<FileHandle | undefined> {
  try {
    // Without O_NONBLOCK a planted named pipe would hold a thread for ever.
    return await open(path, constants.O_RDONLY | NO_FOLLOW | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function streamOf(file: FileHandle, start: number, end: number, closing: AbortSignal): ReadableStream<Uint8Array> {
  let position = start
  let chunkBytes = FIRST_CHUNK_BYTES
  let onClosing: (() => void) | undefined
  const release = async (): Promise<void> => {
    if (onClosing !== undefined) closing.removeEventListener('abort', onClosing)
    await file.close()
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onClosing = () => {
          controller.error(closing.reason)
          // The reader has its error already; the handle is gone either way.
          release().catch(() => undefined)
        }
        closing.addEventListener('abort', onClosing, { once: true })
      },
      async pull(controller) {
        if (position < end) position += await readChunk(file, position, Math.min(chunkBytes, end - position), controller, release)
        chunkBytes = Math.min(2 * chunkBytes, CHUNK_BYTES)
        if (position < end || closing.aborted) return
        await release()
        controller.close()
      },
      cancel: release,
    },
    { highWaterMark: 0 },
  )
}

/** Gives how many bytes were read; a failing read closes the file before it errors the stream. */
async function readChunk(
  file: FileHandle,
  position: number,
  lengthBytes: number,
  controller: ReadableStreamDefaultController<Uint8Array>,
  release: () => Promise<void>,
): Promise<number> {
  const chunk = new Uint8Array(lengthBytes)
  try {
    const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, position)
    if (bytesRead === 0) throw new Error('the file is shorter than it was')
    controller.enqueue(chunk.subarray(0, bytesRead))
    return bytesRead
  } catch (error) {
    await release()
    throw toStorageError(error, 'read')
  }
}
