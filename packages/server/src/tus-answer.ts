import { BseError, hasCode, isBseError } from '@bse/core/wire'
import { errorAnswer } from './answers.ts'
import { rejected } from './http-status.ts'

/** Says in the answer to the last bytes that the blob is stored under this hash. */
export const STORED_HEADER = 'Bse-Stored'
/** What a page of another origin may read. */
export const EXPOSED_HEADERS: readonly string[] = [
  STORED_HEADER, 'Location', 'Retry-After', 'Tus-Extension', 'Tus-Max-Size', 'Tus-Resumable', 'Tus-Version', 'Upload-Expires', 'Upload-Length',
  'Upload-Metadata', 'Upload-Offset',
]
/** What tus calls bytes that are not what they should be. */
const CHECKSUM_MISMATCH = 460
const LOCKED = 423
const LOCKED_RETRY_AFTER_S = '1'

/** What `@tus/server` throws: plain objects. */
interface TusError {
  readonly status_code: number
}

function isTusError(error: unknown): error is TusError {
  return typeof error === 'object' && error !== null && typeof (error as Partial<TusError>).status_code === 'number'
}

/** The upload never was, was finished, was ended or has expired. */
export function isGone(error: unknown): boolean {
  return isTusError(error) && (error.status_code === 404 || error.status_code === 410)
}

/** An error of ours. What tus's own says beside its status may hold a path; the status says it all. */
export function ownError(error: unknown): BseError {
  if (isBseError(error)) return error
  if (!isTusError(error)) return new BseError('PROVIDER_FAILED', 'tus: failed', { provider: 'server' }, { cause: error })
  const { status_code: status } = error
  if (status < 500 || status === 501) return rejected(status, 'the upload is refused')
  return new BseError('STORAGE_FAILED', 'tus: the upload cannot be written', { store: 'tus' }, { cause: error })
}

/** Another request has the upload in its hands and does not let go. */
export function lockedError(): BseError {
  return rejected(LOCKED, 'another request has the upload')
}

/** `{ error }` as everywhere on this server; only wrong bytes have a status of tus's own. */
export function tusErrorAnswer(error: BseError): Response {
  const answer = errorAnswer(error)
  if (hasCode(error, 'HASH_MISMATCH')) return new Response(answer.body, { status: CHECKSUM_MISMATCH, headers: answer.headers })
  if (answer.status === LOCKED) answer.headers.set('retry-after', LOCKED_RETRY_AFTER_S)
  return answer
}
