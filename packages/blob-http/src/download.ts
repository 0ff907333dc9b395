import { BseError, hexOf, type BlobHash } from '@bse/core/wire'
import type { ByteRange, OpenedBlob, RemoteRef } from '@bse/core/provider'
import { parseContentRange, rangeHeader } from './content-range.ts'
import type { Endpoint } from './endpoint.ts'
import { networkError, notOurs, type HttpRequest, type Requester } from './requester.ts'
import { Watchdog, orAborted } from './watchdog.ts'

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
    const described = response.status === 206 ? describePart(response, range) : describeWhole(response, ref.hash)
    return { ...described, body: guardedBody(requester, response, signal) }
  } catch (error) {
    await response.body?.cancel()
    throw error
  }
}

function describePart(response: Response, wanted: ByteRange | undefined): Pick<OpenedBlob, 'sizeBytes' | 'range'> {
  const found = parseContentRange(response.headers.get('content-range'))
  const fits = found !== undefined && wanted !== undefined && found.range.start === wanted.start
  if (!fits || (wanted.end !== undefined && (found.range.end ?? 0) > wanted.end)) throw notOurs('open', response.status)
  return found
}

function describeWhole(response: Response, hash: BlobHash): Pick<OpenedBlob, 'sizeBytes' | 'range'> {
  if (isPortal(response, hash)) throw notOurs('open', response.status)
  const length = response.headers.get('content-length')
  // The length of an encoded body is not the length of the blob.
  const known = length !== null && !response.headers.has('content-encoding')
  return { sizeBytes: known ? Number(length) : undefined, range: undefined }
}

/** A web page where bytes were asked for, without the blob's tag: somebody between us and the server. */
export function isPortal(response: Response, hash: BlobHash): boolean {
  const isPage = (response.headers.get('content-type') ?? '').toLowerCase().startsWith('text/html')
  return isPage && !(response.headers.get('etag') ?? '').includes(hexOf(hash))
}

/** Errors of the connection become `NETWORK`, an abort the signal's reason, and silence while somebody reads ends it. */
function guardedBody(requester: Requester, response: Response, signal: AbortSignal): ReadableStream<Uint8Array> {
  const reader = (response.body ?? new Blob([]).stream()).getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const watchdog = new Watchdog(requester.context.clock, requester.idleMs)
        const stop = AbortSignal.any([signal, watchdog.signal])
        try {
          const next = await orAborted(reader.read(), stop)
          if (next.done) controller.close()
          else controller.enqueue(next.value)
        } catch (cause) {
          reader.cancel(cause).catch(() => undefined)
          throw stop.aborted ? stop.reason : networkError('open', cause)
        } finally {
          watchdog.stop()
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
