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
    if (await isComplete(deps.uploads, id)) return await move(deps, id, owner)
    const { is } = await deps.store.head(owner)
    if (is !== 'stored') throw notFound(owner.hash)
  } finally {
    await lock.unlock()
  }
}

async function isComplete(uploads: TusUploads, id: string): Promise<boolean> {
  try {
    const { offset, size } = await uploads.getUpload(id)
    return offset === size
  } catch (error) {
    // Gone is one of the ways not to be complete: another request has finished it.
    if (isGone(error)) return false
    throw error
  }
}

async function move({ store, uploads }: FinishDeps, id: string, owner: UploadOwner): Promise<void> {
  const file = await uploads.read(id)
  try {
    await store.put(owner, Readable.toWeb(file) as ReadableStream<Uint8Array>)
  } catch (error) {
    if (hasCode(error, 'HASH_MISMATCH')) await uploads.remove(id)
    throw error instanceof BseError ? error : new BseError('STORAGE_FAILED', 'tus: the upload cannot be read', { store: 'tus' }, { cause: error })
  } finally {
    file.destroy()
  }
  await uploads.remove(id)
}
