import { hasCode, isBseError, type BseErrorCode } from '../errors.ts'

/** What a failure says about the item that failed. */
export interface Blame {
  /** The item itself is at fault: it counts, and after `maxAttempts` the item is parked. Everything else backs off for ever. */
  readonly item: boolean
  readonly retryAfterMs: number | undefined
  readonly code: string
  readonly message: string
}

/** Only answers that say something about this very item count against it. A host that is full, away or busy does not. */
const BLAMES_ITEM: ReadonlySet<BseErrorCode> = new Set([
  'HASH_MISMATCH', 'VALIDATION_FAILED', 'REJECTED', 'TOO_LARGE', 'FORBIDDEN', 'RANGE_INVALID', 'NOT_FOUND', 'GONE', 'BLOB_MISSING',
])

export function blameOf(error: unknown): Blame {
  // What another library says may hold a signed URL or a token, and this is stored and shown.
  if (!isBseError(error)) return { item: false, retryAfterMs: undefined, code: 'PROVIDER_FAILED', message: 'the provider failed in a way that it does not explain' }
  const retryAfterMs = hasCode(error, 'RATE_LIMITED') ? error.details.retryAfterMs : undefined
  return { item: BLAMES_ITEM.has(error.code), retryAfterMs, code: error.code, message: error.message }
}
