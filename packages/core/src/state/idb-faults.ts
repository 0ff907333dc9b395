import { BseError, isBseError } from '../errors.ts'

const STORE = 'idb'

function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null ? String((error as { readonly name?: unknown }).name) : ''
}

/** The connection is closed or dead (Safari's `UnknownError`): a new one may work. */
export function isConnectionLost(error: unknown): boolean {
  return ['InvalidStateError', 'UnknownError'].includes(nameOf(error))
}

/** An abort that nobody here asked for: the quota, at times, or a connection that was just cut. */
export function isUnexplainedAbort(error: unknown): boolean {
  return nameOf(error) === 'AbortError'
}

export function isQuota(error: unknown): boolean {
  return nameOf(error) === 'QuotaExceededError'
}

/** What a caller is told once trying again is over. */
export function toBseError(error: unknown, operation: string): BseError {
  if (isBseError(error)) return error
  if (isQuota(error) || (operation === 'update' && isUnexplainedAbort(error))) {
    return new BseError('STORAGE_FULL', `state-idb.${operation}: no room`, { neededBytes: undefined, availableBytes: undefined }, { cause: error })
  }
  return new BseError('STORAGE_FAILED', `state-idb.${operation}: IndexedDB failed`, { store: STORE }, { cause: error })
}
