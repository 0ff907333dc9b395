import { isJsonObject, type FinishedPart, type PresignUpload } from '@bse/core/wire'
import type { UploadReceipt, UploadTask } from '@bse/core/provider'
import { named, type S3Parts } from './parts.ts'
import { answerMissing } from './presign-client.ts'

/** Reading back and hashing on the server takes its time; a store that does it slower than this counts as broken. */
const SLOWEST_VERIFICATION_BYTES_PER_MS = 5_000

interface Finished {
  readonly upload: PresignUpload
  readonly parts?: readonly FinishedPart[]
}

/** @throws UploadGone; BseError `HASH_MISMATCH` and as for any request. */
export async function completeUpload({ presign }: S3Parts, task: UploadTask, finished: Finished, signal: AbortSignal): Promise<UploadReceipt> {
  const extraIdleMs = task.sizeBytes / SLOWEST_VERIFICATION_BYTES_PER_MS
  const answer: unknown = await presign.ask<'complete'>({ do: 'complete', ...named(task), ...finished }, { operation: 'upload', signal, extraIdleMs })
  if (!isJsonObject(answer) || answer.hash !== task.hash || answer.sizeBytes !== task.sizeBytes) throw answerMissing('upload')
  return { verified: answer.verified === 'sha256' ? 'sha256' : 'size' }
}
