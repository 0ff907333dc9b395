import { BseError, type BseErrorCode } from '@bse/core/wire'

const STATUS: { readonly [Code in BseErrorCode]?: number } = {
  VALIDATION_FAILED: 400,
  NETWORK: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  GONE: 410,
  TOO_LARGE: 413,
  RANGE_INVALID: 416,
  HASH_MISMATCH: 422,
  RATE_LIMITED: 429,
  CLOSED: 503,
  STORAGE_FULL: 507,
}

/** Anything without a status of its own is the server's fault. */
export function httpStatusOf(error: BseError): number {
  if (error.code === 'REJECTED') return (error as BseError<'REJECTED'>).details.status ?? 400
  return STATUS[error.code] ?? 500
}

/** A request that is wrong in itself. `reason` is ours, never a part of the request. */
export function rejected(status: number, reason: string): BseError {
  return new BseError('REJECTED', `blobs: ${reason}`, { status, reason })
}
