import { BseError, isBseError } from '@bse/core/provider'

export function errorName(error: unknown): string {
  return typeof error === 'object' && error !== null ? String((error as { readonly name?: unknown }).name) : ''
}

/** The connection is closed or dead (Safari's `UnknownError`): a new one may work. */
export function isConnectionLost(error: unknown): boolean {
  return ['InvalidStateError', 'UnknownError'].includes(errorName(error))
}

/** An abort that nobody here asked for: the quota, at times, or a connection that was just cut. */
export function isUnexplainedAbort(error: unknown): boolean {
  return errorName(error) === 'AbortError'
}

export function isQuota(error: unknown): boolean {
  return errorName(error) === 'QuotaExceededError'
}

/** What a caller is told once trying again is over. `neededBytes` is given by what writes: only there an abort may be the quota. */
export function toStorageError(error: unknown, operation: string, neededBytes?: number): BseError {
  if (isBseError(error)) return error
  if (isQuota(error) || (neededBytes !== undefined && isUnexplainedAbort(error))) {
    return new BseError('STORAGE_FULL', `cache-idb.${operation}: no room`, { neededBytes, availableBytes: undefined }, { cause: error })
  }
  const message = `cache-idb.${operation}: IndexedDB failed (${errorName(error)})`
  return new BseError('STORAGE_FAILED', message, { store: 'idb' }, { cause: error })
}
