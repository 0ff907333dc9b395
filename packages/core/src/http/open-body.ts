import type { OpenedBlob } from '../provider/blob-provider.ts'
import type { ByteRange } from '../provider/cache-store.ts'
import { parseContentRange } from './content-range.ts'
import { networkError, notOurs, type Requester } from './requester.ts'
import { Watchdog, orAborted } from './watchdog.ts'

/** Says nothing. */
const OPAQUE = 'application/octet-stream'

/**
 * What a 200 or 206 holds, for somebody who asked for `wanted`. A server that ignores ranges gives the whole: `range` is then `undefined`.
 *
 * @throws BseError `NETWORK` for a part that nobody asked for.
 */
export function describeBody(response: Response, wanted: ByteRange | undefined, name: string): Pick<OpenedBlob, 'sizeBytes' | 'range' | 'type'> {
  const described = response.status === 206 ? describePart(response, wanted, name) : describeWhole(response)
  const type = response.headers.get('content-type')
  return type === null || type.startsWith(OPAQUE) ? described : { ...described, type }
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

/** Of a body, within the time that it may stand still: a line that gives less counts as broken, however regularly it drips. */
const LEAST_PROGRESS_BYTES = 1_024

/**
 * Errors of the connection become `NETWORK`, an abort the signal's reason. Time counts only while somebody reads: a body that then stands
 * still, or drips, ends.
 */
export function guardedBody(requester: Requester, response: Response, name: string, signal: AbortSignal): ReadableStream<Uint8Array> {
  const { clock } = requester.context
  const reader = (response.body ?? new Blob([]).stream()).getReader()
  let [leftMs, progressBytes] = [requester.idleMs, 0]
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const beganAtMs = clock.monotonicMs()
        const watchdog = new Watchdog(clock, leftMs)
        const stop = AbortSignal.any([signal, watchdog.signal])
        try {
          const next = await orAborted(reader.read(), stop)
          if (next.done) return controller.close()
          leftMs -= clock.monotonicMs() - beganAtMs
          progressBytes += next.value.byteLength
          if (progressBytes >= LEAST_PROGRESS_BYTES) [leftMs, progressBytes] = [requester.idleMs, 0]
          controller.enqueue(next.value)
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
