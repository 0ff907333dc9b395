import { BATCH_CONTENT_TYPE, BATCH_HEAD_BYTES, BATCH_LIMITS, BseError, isBseError, type BatchAnswer } from '@bse/core/wire'
import { jsonAnswer } from './answers.ts'
import { report, spaceFor, type BlobCall } from './blob-call.ts'
import { readBatch, type BatchItem } from './batch-reader.ts'
import { rejected } from './http-status.ts'
import { countedBody, refuseEncodedBody } from './request-body.ts'

const MAX_BODY_BYTES = BATCH_LIMITS.maxTotalBytes + BATCH_LIMITS.maxCount * BATCH_HEAD_BYTES
const AT_ONCE = 16

type BatchResult = BatchAnswer['results'][number]

/** Each blob stands for itself: one that is refused leaves its neighbours stored. */
export async function batchBlobs(call: BlobCall): Promise<Response> {
  if (call.request.headers.get('content-type') !== BATCH_CONTENT_TYPE) throw rejected(415, `wants ${BATCH_CONTENT_TYPE}`)
  refuseEncodedBody(call.request)
  const body = countedBody(call.request, MAX_BODY_BYTES)
  const started: Promise<BatchResult>[] = []
  const running = new Set<Promise<BatchResult>>()
  try {
    for await (const item of readBatch(body)) {
      if (running.size >= AT_ONCE) await Promise.race(running)
      const storing = storeOne(call, item).finally(() => running.delete(storing))
      running.add(storing)
      started.push(storing)
    }
  } finally {
    await Promise.allSettled(started)
  }
  const results = await Promise.all(started)
  if (results.some((result) => result.code === 'UNAUTHORIZED')) throw new BseError('UNAUTHORIZED', 'blobs: credentials are missing or expired', {})
  return jsonAnswer(200, { results } satisfies BatchAnswer)
}

/** Never rejects, so that a failure cannot go unheard while the rest of the body is read. */
async function storeOne(call: BlobCall, item: BatchItem): Promise<BatchResult> {
  try {
    const space = await spaceFor(call, { kind: 'write', hash: item.hash })
    await call.store.put({ space, hash: item.hash }, new Blob([item.bytes]).stream())
    return { hash: item.hash, status: 'stored' }
  } catch (error) {
    report(call, error)
    return { hash: item.hash, status: 'refused', code: isBseError(error) ? error.code : 'PROVIDER_FAILED' }
  }
}
