import { createHasher, readWindows } from '@bse/core/hash'
import { BseError } from '@bse/core/provider'
import { blobHashFromBytes, type BlobHash } from '@bse/core/wire'
import type { Folders } from './folders.ts'
import { hold } from './hold.ts'
import { failWith, toStorageError } from './opfs-error.ts'
import type { FileHandle, SyncAccessHandle } from './opfs-types.ts'
import type { WrittenStage } from './stager.ts'
import { WINDOW_BYTES } from './windows.ts'

/** Writes one staged file through a sync access handle. Runs in a worker. After any rejection the file is gone. */
export async function stageFile(
  folders: Folders,
  stageId: string,
  expect: BlobHash | undefined,
  write: (access: SyncAccessHandle) => Promise<WrittenStage>,
): Promise<WrittenStage> {
  const access = await openStaged(folders, stageId).catch(failWith('stage'))
  try {
    try {
      const written = await write(access)
      assertExpected(written.hash, expect)
      storing(() => access.flush())
      return written
    } finally {
      storing(() => access.close())
    }
  } catch (error) {
    await removeStaged(folders, stageId)
    throw error
  }
}

function openStaged(folders: Folders, stageId: string): Promise<SyncAccessHandle> {
  return folders.create(async ({ staging }) => {
    const file: FileHandle = await staging.getFileHandle(stageId, { create: true })
    return hold(file, async (one) => {
      if (one.createSyncAccessHandle === undefined) throw new TypeError('there are no sync access handles')
      return one.createSyncAccessHandle()
    })
  })
}

/** The error that stopped the stage is the one that counts: a file that cannot be removed now is left to the next sweep. */
export async function removeStaged(folders: Folders, stageId: string): Promise<void> {
  try {
    await (await folders.get()).staging.removeEntry(stageId)
  } catch {
    return
  }
}

/** @throws BseError `HASH_MISMATCH`. */
export function assertExpected(actual: BlobHash, expected: BlobHash | undefined): void {
  if (expected === undefined || expected === actual) return
  throw new BseError('HASH_MISMATCH', 'cache-opfs.stage: the bytes are not those of the expected hash', { expected, actual })
}

/** Up to a window the platform's own digest runs beside the write; above it, slices pass through a streaming hash. */
export async function writeBlob(access: SyncAccessHandle, blob: Blob, signal: AbortSignal): Promise<WrittenStage> {
  if (blob.size > WINDOW_BYTES) return writeAll(access, readWindows(blob, WINDOW_BYTES, signal), blob.size)
  const bytes = new Uint8Array(await blob.arrayBuffer())
  signal.throwIfAborted()
  const digest = crypto.subtle.digest('SHA-256', bytes)
  storing(() => writeFully(access, bytes, 0), blob.size)
  return { hash: blobHashFromBytes(new Uint8Array(await digest)), sizeBytes: bytes.byteLength }
}

/** @throws what the source throws, and `STORAGE_FULL` or `STORAGE_FAILED` when it is the writing that fails. */
export async function writeAll(
  access: SyncAccessHandle,
  windows: AsyncIterable<Uint8Array<ArrayBuffer>>,
  neededBytes: number | undefined,
): Promise<WrittenStage> {
  const hasher = await createHasher()
  let sizeBytes = 0
  for await (const window of windows) {
    storing(() => writeFully(access, window, sizeBytes), neededBytes)
    hasher.update(window)
    sizeBytes += window.byteLength
  }
  return { hash: hasher.digest(), sizeBytes }
}

function writeFully(access: SyncAccessHandle, bytes: Uint8Array<ArrayBuffer>, at: number): void {
  let written = 0
  while (written < bytes.byteLength) {
    const took = access.write(bytes.subarray(written), { at: at + written })
    if (took === 0) throw new Error('a write took no bytes')
    written += took
  }
}

function storing(work: () => void, neededBytes?: number): void {
  try {
    work()
  } catch (error) {
    throw toStorageError(error, 'stage', neededBytes)
  }
}
