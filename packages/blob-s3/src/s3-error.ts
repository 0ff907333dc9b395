import { BseError, type BlobHash } from '@bse/core/wire'
import type { FailedAnswer, HttpRequest, Requester } from '@bse/core/http'

/** What S3 calls bytes that are not those of the checksum. */
const MISMATCHES: ReadonlySet<string> = new Set(['BadDigest', 'InvalidDigest', 'XAmzContentChecksumMismatch', 'XAmzContentSHA256Mismatch'])
const FULL: ReadonlySet<string> = new Set(['QuotaExceeded', 'InsufficientCapacity', 'StorageFull'])
/** The store, the line or a clock is at fault for now, whatever the status says. */
const PASSING: ReadonlySet<string> = new Set(['RequestTimeout', 'RequestTimeTooSkewed', 'SlowDown', 'OperationAborted', 'ConditionalRequestConflict', 'InternalError'])

/** The code in an XML error of S3; empty when there is none. */
export function s3CodeIn(text: string): string {
  return /<Error>[\s\S]*?<Code>(\w{1,64})<\/Code>/.exec(text)?.[1] ?? ''
}

/** A signature that is too old by now, or that was never good: a fresh one tells. */
export function isExpired(status: number, code: string): boolean {
  return (status === 403 && !FULL.has(code)) || (status === 400 && (code === 'ExpiredToken' || code === 'ExpiredRequest'))
}

/** What S3's answer means. Its code makes the status more precise; most follow the status as on any server. */
export function s3Error(requester: Requester, request: HttpRequest & { readonly hash: BlobHash }, answer: FailedAnswer, code: string): BseError {
  const message = `${requester.nameOf(request)}: the store answered ${answer.status}`
  if (MISMATCHES.has(code)) return new BseError('HASH_MISMATCH', message, { expected: request.hash, actual: undefined })
  if (FULL.has(code)) return new BseError('STORAGE_FULL', message, { neededBytes: request.sizeBytes, availableBytes: undefined })
  if (code === 'EntityTooLarge') return new BseError('TOO_LARGE', message, { sizeBytes: request.sizeBytes, limitBytes: undefined })
  if (PASSING.has(code) && answer.status < 500) return new BseError('NETWORK', message, { status: answer.status })
  const error = requester.errorFrom(request, answer)
  return error.code === 'REJECTED' && code !== '' ? new BseError('REJECTED', message, { status: answer.status, reason: code }) : error
}
