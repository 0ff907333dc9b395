import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { BseError } from '@bse/core/provider'
import { blobHashFromHex, type BlobHash } from '@bse/core/wire'
import { toStorageError } from './fs-error.ts'
import { forEachWindow } from './windows.ts'

const FILE_MODE = 0o600

/** Windows has no such flag, whatever the types say. */
export const NO_FOLLOW: number = constants.O_NOFOLLOW ?? 0

export interface WrittenFile {
  readonly hash: BlobHash
  readonly sizeBytes: number
}

export interface WriteRequest {
  readonly source: Blob | ReadableStream<Uint8Array>
  readonly expect: BlobHash | undefined
  readonly signal: AbortSignal
}

/** Creates a file that nobody else can have made. @throws the system's error, so that the caller sees a missing folder. */
export function createFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | NO_FOLLOW, FILE_MODE)
}

/** Fills, syncs and closes `file`, which lies at `path`. After any rejection the file is gone. */
export async function fillFile(file: FileHandle, path: string, request: WriteRequest): Promise<WrittenFile> {
  try {
    return await hashAndWrite(file, request)
  } catch (error) {
    // The first error is the one that counts. A file that cannot be removed now is left to the next sweep.
    await unlink(path).catch(() => undefined)
    throw error
  }
}

async function hashAndWrite(file: FileHandle, { source, expect, signal }: WriteRequest): Promise<WrittenFile> {
  const neededBytes = source instanceof Blob ? source.size : undefined
  const hasher = createHash('sha256')
  let sizeBytes = 0
  const failed = (error: unknown): never => {
    throw toStorageError(error, 'stage', neededBytes)
  }
  try {
    await forEachWindow(source, signal, async (window) => {
      const written = writeFully(file, window, sizeBytes).catch(failed)
      hasher.update(window)
      sizeBytes += window.byteLength
      await written
    })
    const hash = blobHashFromHex(hasher.digest('hex'))
    if (expect !== undefined && expect !== hash) throw mismatch(expect, hash)
    await file.sync().catch(failed)
    signal.throwIfAborted()
    return { hash, sizeBytes }
  } finally {
    await file.close().catch(failed)
  }
}

function mismatch(expected: BlobHash, actual: BlobHash): BseError {
  return new BseError('HASH_MISMATCH', 'cache-fs.stage: the bytes are not those of the expected hash', { expected, actual })
}

/** The system may take less than it was given; a full disk often shows only at the next call. */
async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, written, bytes.byteLength - written, position + written)
    if (bytesWritten === 0) throw new Error('a write took no bytes')
    written += bytesWritten
  }
}
