import { notOurs, type HttpRequest, type Requester } from '@bse/core/http'
import {
  BATCH_CONTENT_TYPE, BseError, encodeBatchHead, isJsonObject, type BatchAnswer, type BlobHash, type Json,
} from '@bse/core/wire'
import type { UploadOutcome, UploadTask } from '@bse/core/provider'
import type { Endpoint } from './endpoint.ts'

/** Several small blobs in one POST. @throws BseError `NETWORK` and the like when nothing is known about any of them. */
export async function uploadBatch(requester: Requester, endpoint: Endpoint, tasks: readonly UploadTask[], signal: AbortSignal): Promise<readonly UploadOutcome[]> {
  signal.throwIfAborted()
  if (tasks.length === 0) return []
  const body = new Blob(tasks.flatMap((task) => [encodeBatchHead({ hash: task.hash, sizeBytes: task.blob.size }), task.blob]))
  const request: HttpRequest = {
    operation: 'batch', method: 'POST', url: endpoint.collection(), headers: { 'content-type': BATCH_CONTENT_TYPE }, body, sizeBytes: body.size, signal,
  }
  const response = await requester.send(request)
  if (!response.ok) throw await requester.errorOf(request, response)
  const results = parseResults(await requester.jsonOf(request, response), tasks)
  if (results === undefined) throw notOurs('blob-http.batch', response.status)
  return results.map(outcomeOf)
}

type Result = BatchAnswer['results'][number]

function parseResults(answer: unknown, tasks: readonly UploadTask[]): readonly Result[] | undefined {
  const results = isJsonObject(answer) ? answer.results : undefined
  if (!Array.isArray(results) || results.length !== tasks.length) return undefined
  const areOurs = (results as readonly Json[]).every((entry, index) => {
    return isJsonObject(entry) && entry.hash === tasks[index]?.hash && (entry.status === 'stored' || entry.status === 'refused')
  })
  return areOurs ? (results as readonly Result[]) : undefined
}

function outcomeOf(result: Result): UploadOutcome {
  const { hash } = result
  return result.status === 'stored' ? { hash, receipt: { verified: 'sha256' } } : { hash, error: refusal(hash, result.code) }
}

function refusal(hash: BlobHash, code: string | undefined): BseError {
  const message = 'blob-http.batch: the server refused the blob'
  switch (code) {
    case 'HASH_MISMATCH':
      return new BseError('HASH_MISMATCH', message, { expected: hash, actual: undefined })
    case 'STORAGE_FULL':
      return new BseError('STORAGE_FULL', message, { neededBytes: undefined, availableBytes: undefined })
    case 'FORBIDDEN':
      return new BseError('FORBIDDEN', message, {})
    case 'TOO_LARGE':
      return new BseError('TOO_LARGE', message, { sizeBytes: undefined, limitBytes: undefined })
    case 'STORAGE_FAILED':
    case 'PROVIDER_FAILED':
    case 'CLOSED':
      return new BseError('NETWORK', message, { status: undefined })
    default:
      return new BseError('REJECTED', message, { status: undefined, reason: code ?? 'refused' })
  }
}
