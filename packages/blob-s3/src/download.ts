import { describeBody, guardedBody, notOurs, rangeHeader, shortText, type HttpRequest } from '@bse/core/http'
import { BseError, type BlobHash } from '@bse/core/wire'
import type { ByteRange, OpenedBlob, RemoteRef } from '@bse/core/provider'
import type { S3Parts } from './parts.ts'
import { isExpired, s3CodeIn, s3Error } from './s3-error.ts'
import type { SignedUrls } from './signed-urls.ts'

export interface OpenOptions {
  readonly range?: ByteRange
  readonly signal: AbortSignal
}

/** How long a URL for our own use should live; the server may make it shorter. */
const OPEN_TTL_MS = 300_000
const MAX_SIGNATURES = 3

/** GET of a blob or a part of it, straight from the bucket. */
export async function openBlob(parts: S3Parts, urls: SignedUrls, ref: RemoteRef, { range, signal }: OpenOptions): Promise<OpenedBlob> {
  if (range !== undefined && range.end !== undefined && range.end <= range.start) {
    throw new BseError('RANGE_INVALID', 'blob-s3.open: the range is empty', { sizeBytes: ref.sizeBytes })
  }
  const { request, response } = await get(parts, urls, ref, range, signal)
  try {
    // Types are set by the signature, and none of them is a page: somebody else is speaking.
    if (/^text\/html/i.test(response.headers.get('content-type') ?? '')) throw notOurs('blob-s3.open', response.status)
    return { ...describeBody(response, range, 'blob-s3.open'), body: guardedBody(parts.store, response, parts.store.nameOf(request), signal) }
  } catch (error) {
    await response.body?.cancel()
    throw error
  }
}

type Getting = HttpRequest & { readonly hash: BlobHash }

async function get({ store }: S3Parts, urls: SignedUrls, ref: RemoteRef, range: ByteRange | undefined, signal: AbortSignal): Promise<{ readonly request: Getting; readonly response: Response }> {
  const headers: Record<string, string> = range === undefined ? {} : { range: rangeHeader(range) }
  for (let signatures = 1; ; signatures += 1) {
    const { url } = await urls.get(ref, OPEN_TTL_MS, signal)
    const request: Getting = { operation: 'open', method: 'GET', url, headers, hash: ref.hash, signal }
    const response = await store.send(request)
    if (response.status === 200 || response.status === 206) return { request, response }
    const code = s3CodeIn(await shortText(response, store.patience(signal)))
    if (isExpired(response.status, code) && signatures < MAX_SIGNATURES) {
      urls.forget(ref)
      continue
    }
    throw s3Error(store, request, { status: response.status, retryAfter: response.headers.get('retry-after'), date: response.headers.get('date'), body: undefined }, code)
  }
}
