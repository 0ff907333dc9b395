import { BseError, isBseError } from '@bse/core/provider'

/** Primary result codes, the low byte of `errcode`: https://www.sqlite.org/rescode.html */
const BUSY = 5
const LOCKED = 6
const FULL = 13

/** The primary result code of an error of SQLite's, `undefined` for anything else. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

/** Another process has the lock: waiting helps. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === BUSY || code === LOCKED
}

/** What SQLite or the file system said, as an error of ours; errors of ours stay as they are. */
export function toStorageError(error: unknown, operation: string): BseError {
  if (isBseError(error)) return error
  const systemCode = error instanceof Error && 'code' in error ? error.code : undefined
  if (sqliteCode(error) === FULL || systemCode === 'ENOSPC' || systemCode === 'EDQUOT') {
    const room = { neededBytes: undefined, availableBytes: undefined }
    return new BseError('STORAGE_FULL', `state-sqlite.${operation}: no room`, room, { cause: error })
  }
  return new BseError('STORAGE_FAILED', `state-sqlite.${operation}: the database failed`, { store: 'sqlite' }, { cause: error })
}
