import { Readable } from 'node:stream'
import type { Locker } from '@tus/server'
import { BseError, hasCode } from '@bse/core/wire'
import { notFound } from './authorize.ts'
import type { BlobStorage } from './blob-storage.ts'
import { isGone } from './tus-answer.ts'
import type { UploadOwner } from './tus-owner.ts'
import type { TusUploads } from './tus-uploads.ts'

export interface FinishDeps {
  readonly store: BlobStorage
  readonly uploads: TusUploads
  readonly locker: Locker
}

/**
 * Moves a complete upload to its hash. It is read once more and hashed on the way, since its pieces came over many requests; the
 * upload goes only after the blob is safe, so a crash in between leaves both, and the next request finishes again.
 *
 * @throws BseError `HASH_MISMATCH` (the upload is gone: its bytes are wrong for good), `STORAGE_FULL` and the like (it stays);
 *   `NOT_FOUND` when it was removed meanwhile and the blob is not stored.
 */
export async function finishUpload(deps: FinishDeps, id: string, owner: UploadOwner): Promise<void> {
  const lock = deps.locker.newLock(id)
  await lock.lock(new AbortController().signal, () => undefined)
  try {
    const sizeBytes = await completeBytes(deps.uploads, id)
    if (sizeBytes !== undefined) return await move(deps, id, sizeBytes, owner)
    const { is } = await deps.store.head(owner)
    if (is !== 'stored') throw notFound(owner.hash)
  } finally {
    await lock.unlock()
  }
}

/** How many bytes it has, when it has all of them. */
async function completeBytes(uploads: TusUploads, id: string): Promise<number | undefined> {
  try {
    const { offset, size } = await uploads.getUpload(id)
    return offset === size ? size : undefined
  } catch (error) {
    // Gone is one of the ways not to be complete: another request has finished it.
    if (isGone(error)) return undefined
    throw error
  }
}

async function move({ store, uploads }: FinishDeps, id: string, sizeBytes: number, owner: UploadOwner): Promise<void> {
  // Nothing was ever written of an empty one.
  const remove = (): Promise<void> => (sizeBytes > 0 && uploads.removeComplete !== undefined ? uploads.removeComplete(id) : uploads.remove(id))
  const file = sizeBytes > 0 ? await uploads.read(id) : Readable.from([])
  try {
    await store.put(owner, Readable.toWeb(file) as ReadableStream<Uint8Array>)
  } catch (error) {
    if (hasCode(error, 'HASH_MISMATCH')) await remove()
    throw error instanceof BseError ? error : new BseError('STORAGE_FAILED', 'tus: the upload cannot be read', { store: 'tus' }, { cause: error })
  } finally {
    file.destroy()
  }
  await remove()
}
