import { BseError } from '@bse/core/wire'
import { rejected } from './http-status.ts'

/**
 * Bytes are stored as they are sent; nothing is ever inflated here, so an encoded body has no meaning.
 *
 * @throws BseError `REJECTED` (415).
 */
export function refuseEncodedBody(request: Request): void {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity') throw rejected(415, 'a content encoding is not accepted')
}

/**
 * The body, counted while it passes: its declared length is only a reason to refuse early, never trusted.
 *
 * @throws BseError `TOO_LARGE` when the declared length is over the limit; later the stream fails with the same at byte
 *   `maxBytes` + 1, and with `NETWORK` when the client stops before the end.
 */
export function countedBody(request: Request, maxBytes: number): ReadableStream<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(Number(declared), maxBytes)
  return request.body === null ? new Blob([]).stream() : counted(request.body, maxBytes)
}

function counted(body: ReadableStream<Uint8Array>, maxBytes: number): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let readBytes = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await reader.read().catch((cause: unknown) => {
        throw new BseError('NETWORK', 'blobs: the body ended early', { status: undefined }, { cause })
      })
      if (next.done) return controller.close()
      readBytes += next.value.byteLength
      if (readBytes <= maxBytes) return controller.enqueue(next.value)
      await reader.cancel()
      throw tooLarge(undefined, maxBytes)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

/** Reads to the end and keeps nothing: many clients take an answer in the middle of their sending for a broken connection. */
export async function discardBody(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader()
  while (!(await reader.read()).done);
}

/** @throws BseError `TOO_LARGE`, `NETWORK`. */
export async function readBody(body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
}

function tooLarge(sizeBytes: number | undefined, limitBytes: number): BseError {
  return new BseError('TOO_LARGE', 'blobs: larger than the limit', { sizeBytes, limitBytes })
}
