import { isJsonObject, type PresignUpload, type SignedRequest } from '@bse/core/wire'
import type { UploadIo, UploadReceipt, UploadTask } from '@bse/core/provider'
import { completeUpload } from './complete-upload.ts'
import { named, type S3Parts } from './parts.ts'
import { answerMissing } from './presign-client.ts'
import { putSigned } from './put-signed.ts'

/** What a store says to `If-None-Match: *` when an earlier try has come through: the bytes are there. */
const ALREADY_THERE = [412]

/** One PUT of the whole, then the server's word that it is what the hash names. Nothing is left behind by a try that is cut. */
export async function uploadSingle(parts: S3Parts, task: UploadTask, io: Pick<UploadIo, 'onProgress' | 'signal'>): Promise<UploadReceipt> {
  io.onProgress({ sentBytes: 0, confirmedBytes: 0 })
  let upload: PresignUpload | undefined
  const sign = async (): Promise<SignedRequest | undefined> => {
    const answer: unknown = await parts.presign.ask<'put'>({ do: 'put', ...named(task) }, { operation: 'upload', signal: io.signal })
    upload = undefined
    if (isJsonObject(answer) && answer.stored === true) return undefined
    if (!isJsonObject(answer) || !isJsonObject(answer.upload) || typeof answer.upload.id !== 'string') throw answerMissing('upload')
    upload = { id: answer.upload.id }
    return parts.place.check(answer.request, { method: 'PUT', hash: task.hash })
  }
  const onSent = (sentBytes: number): void => io.onProgress({ sentBytes: Math.min(sentBytes, task.sizeBytes), confirmedBytes: 0 })
  await putSigned(parts.store, { hash: task.hash, body: task.blob, signal: io.signal, onSent, sign }, ALREADY_THERE)
  return upload === undefined ? { verified: 'size' } : completeUpload(parts, task, { upload }, io.signal)
}
