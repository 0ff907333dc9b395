import { BseError, isBseError } from '@bse/core/provider'

const LOCK_TRIES = 5
const LOCK_FIRST_WAIT_MS = 10

export function errorName(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined
}

/**
 * What the browser said, as an error of ours; errors of ours stay as they are. An `AbortError` counts as a full disk: we
 * abort nothing ourselves here, and Chromium gives one now and then when a write goes over the quota.
 */
export function toStorageError(error: unknown, operation: string, neededBytes?: number): BseError {
  if (isBseError(error)) return error
  const name = errorName(error)
  if (name === 'QuotaExceededError' || name === 'AbortError') {
    return new BseError('STORAGE_FULL', `cache-opfs.${operation}: no room`, { neededBytes, availableBytes: undefined }, { cause: error })
  }
  const message = `cache-opfs.${operation}: the file system failed (${name ?? 'unknown error'})`
  return new BseError('STORAGE_FAILED', message, { store: 'opfs' }, { cause: error })
}

/** For `.catch`: rejects with the error of ours. */
export function failWith(operation: string, neededBytes?: number): (error: unknown) => never {
  return (error) => {
    throw toStorageError(error, operation, neededBytes)
  }
}

/** Gives `undefined` instead of a rejection when the file or folder is not there. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (errorName(error) === 'NotFoundError') return undefined
    throw error
  }
}

/** True when somebody, possibly in another tab, has the file open in a way that forbids the change. */
export function isLocked(error: unknown): boolean {
  return errorName(error) === 'NoModificationAllowedError'
}

/** Tries again while the file is locked, waiting longer each time and never in step with another tab. */
export async function retryLocked<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isLocked(error) || tries === LOCK_TRIES) throw error
    }
    const waitMs = LOCK_FIRST_WAIT_MS * 2 ** tries * (0.5 + Math.random())
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}
