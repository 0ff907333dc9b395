import { BseError } from '@bse/core/wire'
import type { BlobProvider, UploadIo, UploadReceipt, UploadTask } from '@bse/core/provider'
import { uploadUrlIn } from './checkpoint.ts'
import { runUpload, TusRefusal, type RunParts } from './tus-run.ts'

export interface UploadParts extends RunParts {
  /** Reads the store that the tus server puts finished uploads into. */
  readonly source: BlobProvider
}

/** From this size on asking first is cheaper than sending what may be there already. */
const ASK_FIRST_BYTES = 262_144
/** The server stands elsewhere than it said: a look at where it stands mends that, unless it keeps changing its mind. */
const MAX_MOVED = 3

/** Resolves once the blob is stored under its hash: by the server's own word, or because it can be read there. */
export async function uploadBlob(parts: UploadParts, task: UploadTask, io: UploadIo): Promise<UploadReceipt> {
  io.signal.throwIfAborted()
  const uploadUrl = uploadUrlIn(io.checkpoint, parts.endpoint, task.sizeBytes)
  const isWorthAsking = uploadUrl === undefined && task.sizeBytes >= ASK_FIRST_BYTES
  const receipt = (isWorthAsking ? await alreadyStored(parts, task, io.signal) : undefined) ?? (await send(parts, task, io, uploadUrl))
  io.onProgress({ sentBytes: task.sizeBytes, confirmedBytes: task.sizeBytes })
  return receipt
}

/** Runs until the upload is through, starting anew once when the upload is gone, and from the server's offset when that has moved. */
async function send(parts: UploadParts, task: UploadTask, io: UploadIo, from: string | undefined): Promise<UploadReceipt> {
  let uploadUrl = from
  let mayBeginAnew = true
  for (let moved = 0; ; ) {
    const track: UploadIo = { ...io, saveCheckpoint: (next) => ((uploadUrl = uploadUrlIn(next, parts.endpoint)), io.saveCheckpoint(next)), onProgress: (progress) => io.onProgress(progress) }
    try {
      return await receiptOf(parts, task, io, await runUpload(parts, task, track, uploadUrl))
    } catch (error) {
      if (!(error instanceof TusRefusal)) throw error
      if (error.error.code === 'HASH_MISMATCH') await io.saveCheckpoint(null)
      if (isGone(error) && mayBeginAnew) {
        // It may be gone because it is done, and only the answer was lost.
        const stored = await alreadyStored(parts, task, io.signal)
        if (stored !== undefined) return stored
        mayBeginAnew = false
        uploadUrl = undefined
      } else if (error.status === 409 && error.method === 'PATCH' && moved < MAX_MOVED) moved += 1
      else throw error.error
    }
  }
}

/** The upload, not the place where uploads are made. */
function isGone({ method, status }: TusRefusal): boolean {
  return method !== 'POST' && (status === 404 || status === 410)
}

async function receiptOf(parts: UploadParts, task: UploadTask, io: UploadIo, storedHash: string | undefined): Promise<UploadReceipt> {
  if (storedHash === task.hash) return { verified: 'sha256' }
  const stored = await alreadyStored(parts, task, io.signal)
  if (stored !== undefined) return stored
  throw new BseError('NETWORK', 'blob-tus.upload: the server has all bytes, and the blob cannot be read yet', { status: undefined })
}

async function alreadyStored({ source }: UploadParts, { hash, sizeBytes }: UploadTask, signal: AbortSignal): Promise<UploadReceipt | undefined> {
  const [stat] = await source.stat([hash], { signal })
  if (stat?.is !== 'stored') return undefined
  if (stat.sizeBytes === undefined) return { verified: 'none' }
  return stat.sizeBytes === sizeBytes ? { verified: 'size' } : undefined
}
