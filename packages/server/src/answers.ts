import { BseError, errorToWire, isBseError, type BseErrorCode, type ErrorWire } from '@bse/core/wire'
import { httpStatusOf } from './http-status.ts'

/** Errors whose details are about this machine: the client learns the code, the log has the rest. */
const INTERNAL: ReadonlySet<BseErrorCode> = new Set(['STORAGE_FAILED', 'PROVIDER_FAILED', 'CONFIG_INVALID', 'STORAGE_FULL'])

/**
 * On every answer, whatever it holds: what people upload must never run as a page of this origin. Browsers neither guess a type,
 * nor run anything, nor let foreign documents embed it unless origins were configured.
 */
export function guardHeaders(headers: Headers, embeddableElsewhere: boolean): void {
  headers.set('x-content-type-options', 'nosniff')
  headers.set('content-security-policy', "default-src 'none'; sandbox")
  headers.set('cross-origin-resource-policy', embeddableElsewhere ? 'cross-origin' : 'same-origin')
  headers.set('referrer-policy', 'no-referrer')
}

export function jsonAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'cache-control': 'no-store', ...headers, 'content-type': 'application/json; charset=utf-8' },
  })
}

/** `{ error }` with a code of the closed list. Nothing in it repeats the request, a path or another module's message. */
export function errorAnswer(error: unknown): Response {
  const known: BseError = isBseError(error) ? error : new BseError('PROVIDER_FAILED', 'blobs: failed', { provider: 'server' }, { cause: error })
  const wire = errorToWire(known, 'server')
  const status = httpStatusOf(known)
  return jsonAnswer(status, { error: INTERNAL.has(known.code) ? withoutInternals(wire) : wire }, headersOf(known, status))
}

function withoutInternals(wire: ErrorWire): ErrorWire {
  const details = wire.code === 'STORAGE_FULL' ? { neededBytes: undefined, availableBytes: undefined } : { provider: 'server' }
  return { code: wire.code === 'CONFIG_INVALID' ? 'PROVIDER_FAILED' : wire.code, message: 'blobs: the server failed', details }
}

function headersOf(error: BseError, status: number): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' }
  if (status === 405) return { allow: 'GET, HEAD, PUT, POST, OPTIONS' }
  if (error.code !== 'RANGE_INVALID') return {}
  return { 'content-range': `bytes */${(error as BseError<'RANGE_INVALID'>).details.sizeBytes}`, 'accept-ranges': 'bytes' }
}
