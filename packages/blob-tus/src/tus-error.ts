import { BseError, errorFromWire, isJsonObject, type BlobHash } from '@bse/core/wire'
import { retryAfterMs } from './retry-after.ts'

/** An answer that is no success. `body` is parsed JSON, `undefined` when it was none. */
export interface RefusedAnswer {
  readonly status: number
  readonly retryAfter: string | null
  readonly body: unknown
}

export interface AboutUpload {
  readonly hash: BlobHash | undefined
  readonly sizeBytes: number | undefined
  readonly nowMs: number
}

/** Answers to "try again": 423 is tus's word for an old connection that still holds the upload. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 423, 425, 429])
/** Tus: the bytes are not those that were announced. */
const CHECKSUM_MISMATCH = 460

/** What a status means once nothing can be done about it here; total over all statuses. */
export function tusError(about: AboutUpload, answer: RefusedAnswer): BseError {
  const { hash, sizeBytes } = about
  const { status } = answer
  const message = `blob-tus.upload: the server answered ${status}`
  const wire = isJsonObject(answer.body) ? errorFromWire(answer.body.error) : undefined
  if ((status === CHECKSUM_MISMATCH || wire?.code === 'HASH_MISMATCH') && hash !== undefined) {
    return new BseError('HASH_MISMATCH', message, { expected: hash, actual: undefined })
  }
  if (status === 507) return new BseError('STORAGE_FULL', message, { neededBytes: sizeBytes, availableBytes: undefined })
  if (PASSING.has(status) || status >= 500) return passing(message, about.nowMs, answer)
  if (status === 401) return new BseError('UNAUTHORIZED', message, {})
  if (status === 403) return new BseError('FORBIDDEN', message, {})
  if (status === 413) return new BseError('TOO_LARGE', message, { sizeBytes, limitBytes: undefined })
  // Tus does not redirect: this is a portal, or a proxy that wants to be elsewhere.
  if (status < 400) return new BseError('NETWORK', message, { status })
  return new BseError('REJECTED', message, { status, reason: wire?.code ?? `http-${status}` })
}

function passing(message: string, nowMs: number, { retryAfter, status }: RefusedAnswer): BseError {
  const waitMs = retryAfterMs(retryAfter, nowMs)
  if (status === 429 || waitMs !== undefined) return new BseError('RATE_LIMITED', message, { retryAfterMs: waitMs })
  return new BseError('NETWORK', message, { status })
}
