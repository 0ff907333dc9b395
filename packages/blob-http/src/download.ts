import { describeBody, guardedBody, notOurs, rangeHeader, type HttpRequest, type Requester } from '@bse/core/http'
import { BseError, hexOf, type BlobHash } from '@bse/core/wire'
import type { ByteRange, OpenedBlob, RemoteRef } from '@bse/core/provider'
import type { Endpoint } from './endpoint.ts'

export interface OpenOptions {
  readonly range?: ByteRange
  readonly signal: AbortSignal
}

/** GET of a blob or a part of it. A server that ignores the range gives the whole: `range` is then `undefined`. */
export async function openBlob(requester: Requester, endpoint: Endpoint, ref: RemoteRef, options: OpenOptions): Promise<OpenedBlob> {
  const { range, signal } = options
  if (range !== undefined && range.end !== undefined && range.end <= range.start) {
    throw new BseError('RANGE_INVALID', 'blob-http.open: the range is empty', { sizeBytes: ref.sizeBytes })
  }
  const headers: Record<string, string> = range === undefined ? {} : { range: rangeHeader(range) }
  const request: HttpRequest = { operation: 'open', method: 'GET', url: endpoint.blob(ref.hash), headers, hash: ref.hash, signal }
  const response = await requester.send(request)
  if (response.status !== 200 && response.status !== 206) throw await requester.errorOf(request, response)
  try {
    if (response.status === 200 && isPortal(response, ref.hash)) throw notOurs('blob-http.open', response.status)
    const described = describeBody(response, range, 'blob-http.open')
    return { ...described, body: guardedBody(requester, response, 'blob-http.open', signal) }
  } catch (error) {
    await response.body?.cancel()
    throw error
  }
}

/** A web page where bytes were asked for, without the blob's tag: somebody between us and the server. */
export function isPortal(response: Response, hash: BlobHash): boolean {
  const isPage = (response.headers.get('content-type') ?? '').toLowerCase().startsWith('text/html')
  return isPage && !(response.headers.get('etag') ?? '').includes(hexOf(hash))
}
