import { BseError, isBseError, type BseErrorCode, type BseErrorDetails } from '../errors.ts'
import { isJsonObject } from './json.ts'

/** An error as it crosses a worker or a server's answer: a structured clone of an Error would drop `code` and `details`. */
export interface ErrorWire {
  readonly code: BseErrorCode
  readonly message: string
  readonly details: BseErrorDetails[BseErrorCode]
}

const CODES: { readonly [Code in BseErrorCode]: true } = {
  NOT_FOUND: true, GONE: true, HASH_MISMATCH: true, STORAGE_FULL: true, VALIDATION_FAILED: true, CONFIG_INVALID: true,
  ALREADY_OPEN: true, CLOSED: true, OFFLINE: true, QUEUE_FULL: true, NETWORK: true, RATE_LIMITED: true, UNAUTHORIZED: true, FORBIDDEN: true,
  REJECTED: true, TOO_LARGE: true, RANGE_INVALID: true, PROVIDER_FAILED: true, STORAGE_FAILED: true, SCHEMA_TOO_NEW: true,
  LOST_LEASE: true, DEPENDENCY_FAILED: true, DISCARDED: true, BLOB_MISSING: true, QUERY_INVALID: true, PRINCIPAL_CHANGED: true, SIGNED_OUT: true, PENDING_WORK: true,
  PROVIDER_NOT_INSTALLED: true,
}

/** Anything that is not a `BseError` becomes `PROVIDER_FAILED` of `provider`, with its message. */
export function errorToWire(error: unknown, provider: string): ErrorWire {
  if (isBseError(error)) return { code: error.code, message: error.message, details: error.details }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return { code: 'PROVIDER_FAILED', message, details: { provider } }
}

/** `undefined` when the value is not an error of ours: the caller then judges by status alone. */
export function errorFromWire(value: unknown): BseError | undefined {
  if (!isJsonObject(value) || typeof value.code !== 'string' || !Object.hasOwn(CODES, value.code)) return undefined
  const details = isJsonObject(value.details) ? value.details : {}
  const message = typeof value.message === 'string' ? value.message : value.code
  return new BseError(value.code as BseErrorCode, message, details)
}
