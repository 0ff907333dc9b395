import { BseError } from '../errors.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { errorFromWire } from '../wire/error-wire.ts'
import { isJsonObject } from '../wire/json.ts'
import { retryAfterMs, serverNowMs } from './retry-after.ts'

/** A failed answer, read to its end. `body` is the parsed JSON, `undefined` when it was none. */
export interface FailedAnswer {
  readonly status: number
  readonly retryAfter: string | null
  /** What the server believes the time is; `null` where it did not say, or a page may not read it. */
  readonly date: string | null
  readonly body: unknown
}

export interface FailedRequest {
  /** Who asked, for example `blob-http`. */
  readonly adapter: string
  /** Appears in the error's message, for example `upload`. */
  readonly operation: string
  /** The blob it was about; a batch, a list and a stat have none. */
  readonly hash: BlobHash | undefined
  readonly sizeBytes?: number | undefined
  readonly nowMs: number
}

/** Answers to "try again": the server, or something on the way, is at fault for now. */
const PASSING: ReadonlySet<number> = new Set([408, 423, 425, 429])

/**
 * What a status means, total over all statuses. The body is believed where it makes the status more precise, never against it:
 * a proxy's page and an older server must lead to the same decision.
 */
export function httpError(request: FailedRequest, answer: FailedAnswer): BseError {
  const { status } = answer
  const message = `${request.adapter}.${request.operation}: the server answered ${status}`
  const wire = isJsonObject(answer.body) ? errorFromWire(answer.body.error) : undefined
  if (status === 507) return new BseError('STORAGE_FULL', message, { neededBytes: request.sizeBytes, availableBytes: undefined })
  if (PASSING.has(status) || status >= 500) return passing(message, request, answer)
  if (status === 401) return new BseError('UNAUTHORIZED', message, {})
  if (status === 403) return new BseError('FORBIDDEN', message, {})
  if (status === 413) return new BseError('TOO_LARGE', message, { sizeBytes: request.sizeBytes, limitBytes: limitOf(wire) })
  if (request.hash !== undefined) {
    const aboutBlob = blobError(message, request.hash, request.operation, status, wire)
    if (aboutBlob !== undefined) return aboutBlob
  }
  // Blob servers do not redirect and say nothing below 400: this is a portal, or a proxy that wants to be elsewhere.
  if (status < 400) return new BseError('NETWORK', message, { status })
  return new BseError('REJECTED', message, { status, reason: wire?.code ?? `http-${status}` })
}

function passing(message: string, request: FailedRequest, { date, retryAfter, status }: FailedAnswer): BseError {
  const waitMs = retryAfterMs(retryAfter, serverNowMs(date) ?? request.nowMs)
  if (status === 429 || waitMs !== undefined) return new BseError('RATE_LIMITED', message, { retryAfterMs: waitMs })
  return new BseError('NETWORK', message, { status })
}

function blobError(message: string, hash: BlobHash, operation: string, status: number, wire: BseError | undefined): BseError | undefined {
  if (status === 410) return new BseError('GONE', message, { hash })
  if (status === 404 && operation !== 'upload') return new BseError('NOT_FOUND', message, { what: 'blob', id: hash })
  if (status === 416) return new BseError('RANGE_INVALID', message, { sizeBytes: (wire as BseError<'RANGE_INVALID'> | undefined)?.details.sizeBytes })
  if (wire?.code !== 'HASH_MISMATCH') return undefined
  return new BseError('HASH_MISMATCH', message, { expected: hash, actual: (wire as BseError<'HASH_MISMATCH'>).details.actual })
}

function limitOf(wire: BseError | undefined): number | undefined {
  const limit = wire?.code === 'TOO_LARGE' ? (wire as BseError<'TOO_LARGE'>).details.limitBytes : undefined
  return typeof limit === 'number' ? limit : undefined
}
