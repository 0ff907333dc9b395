import type { OpenedBlob } from '../provider/blob-provider.ts'
import type { ByteRange } from '../provider/cache-store.ts'
import { parseContentRange } from './content-range.ts'
import { networkError, notOurs, type Requester } from './requester.ts'
import { Watchdog, orAborted } from './watchdog.ts'

/**
 * What a 200 or 206 holds, for somebody who asked for `wanted`. A server that ignores ranges gives the whole: `range` is then `undefined`.
 *
 * @throws BseError `NETWORK` for a part that nobody asked for.
 */
export function describeBody(response: Response, wanted: ByteRange | undefined, name: string): Pick<OpenedBlob, 'sizeBytes' | 'range'> {
  return response.status === 206 ? describePart(response, wanted, name) : describeWhole(response)
}

function describePart(response: Response, wanted: ByteRange | undefined, name: string): Pick<OpenedBlob, 'sizeBytes' | 'range'> {
  const found = parseContentRange(response.headers.get('content-range'))
  const fits = found !== undefined && wanted !== undefined && found.range.start === wanted.start
  if (!fits || (wanted.end !== undefined && (found.range.end ?? 0) > wanted.end)) throw notOurs(name, response.status)
  return found
}

function describeWhole(response: Response): Pick<OpenedBlob, 'sizeBytes' | 'range'> {
  const length = response.headers.get('content-length')
  // The length of an encoded body is not the length of the blob.
  const known = length !== null && !response.headers.has('content-encoding')
  return { sizeBytes: known ? Number(length) : undefined, range: undefined }
}

/** Errors of the connection become `NETWORK`, an abort the signal's reason, and silence while somebody reads ends it. */
export function guardedBody(requester: Requester, response: Response, name: string, signal: AbortSignal): ReadableStream<Uint8Array> {
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
          throw stop.aborted ? stop.reason : networkError(name, cause)
        } finally {
          watchdog.stop()
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
