import { notOurs, sendBody, type PutRequest, type Requester, type SentAnswer } from '@bse/core/http'
import { hasCode, isJsonObject } from '@bse/core/wire'
import type { UploadIo, UploadReceipt, UploadTask } from '@bse/core/provider'
import type { Endpoint } from './endpoint.ts'
import type { StatClient } from './stat.ts'

/** From this size on asking first is cheaper than sending what may be there already. */
const ASK_FIRST_BYTES = 262_144

/** What of `UploadIo` a whole upload needs: there is nothing to resume. */
export type SendIo = Pick<UploadIo, 'onProgress' | 'signal'>

export interface UploadParts {
  readonly requester: Requester
  readonly endpoint: Endpoint
  readonly stats: StatClient
}

/** PUT of the whole blob. Resolves only on words that a blob server alone can say: its JSON answer, or the blob found by HEAD. */
export async function uploadBlob(parts: UploadParts, task: UploadTask, io: SendIo): Promise<UploadReceipt> {
  io.signal.throwIfAborted()
  const verified = (task.sizeBytes < ASK_FIRST_BYTES ? undefined : await alreadyThere(parts, task, io.signal)) ?? (await put(parts, task, io))
  io.onProgress({ sentBytes: task.sizeBytes, confirmedBytes: task.sizeBytes })
  return { verified }
}

async function put(parts: UploadParts, task: UploadTask, io: SendIo): Promise<UploadReceipt['verified']> {
  io.onProgress({ sentBytes: 0, confirmedBytes: 0 })
  const request: PutRequest = {
    operation: 'upload', method: 'PUT', url: parts.endpoint.blob(task.hash), hash: task.hash, sizeBytes: task.sizeBytes, signal: io.signal,
    // Without a type no Content-Type is sent; a slice, because a stream would be sent as its name by some browsers.
    body: task.blob.slice(0, task.blob.size, ''),
    onSent: (sentBytes) => io.onProgress({ sentBytes: Math.min(sentBytes, task.sizeBytes), confirmedBytes: 0 }),
  }
  const answer = await sendBody(parts.requester, request)
  return judge(parts, task, request, answer)
}

async function judge(parts: UploadParts, task: UploadTask, request: PutRequest, answer: SentAnswer): Promise<UploadReceipt['verified']> {
  const isSuccess = answer.status >= 200 && answer.status < 300
  if (isSuccess && isJsonObject(answer.body) && answer.body.hash === task.hash && answer.body.sizeBytes === task.sizeBytes) return 'sha256'
  const error = parts.requester.errorFrom(request, answer)
  const mayBeThere = isSuccess || ((answer.status === 409 || answer.status === 412) && !hasCode(error, 'HASH_MISMATCH'))
  if (!mayBeThere) throw error
  const verified = await parts.stats.confirm(task.hash, task.sizeBytes, request.signal)
  if (verified !== undefined) return verified
  throw isSuccess ? notOurs('blob-http.upload', answer.status) : error
}

/** A server without HEAD, or one that lets nobody read, is simply sent the bytes. */
async function alreadyThere(parts: UploadParts, task: UploadTask, signal: AbortSignal): Promise<UploadReceipt['verified'] | undefined> {
  try {
    return await parts.stats.confirm(task.hash, task.sizeBytes, signal)
  } catch (error) {
    if (hasCode(error, 'REJECTED') || hasCode(error, 'FORBIDDEN')) return undefined
    throw error
  }
}
