import { constants } from 'node:os'
import { BseError, isBseError } from '@bse/core/provider'

/** By number, negated as Node reports it: Node has no name for a spent disk quota. Windows lacks that one. */
const NO_ROOM: ReadonlySet<unknown> = new Set([constants.errno.ENOSPC, constants.errno.EDQUOT].map((errno) => -errno))

/** The code of a system error (`ENOENT`), `undefined` for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return error.code
}

/** What the disk said, as an error of ours; errors of ours stay as they are. */
export function toStorageError(error: unknown, operation: string, neededBytes?: number): BseError {
  if (isBseError(error)) return error
  if (error instanceof Error && 'errno' in error && NO_ROOM.has(error.errno)) {
    return new BseError('STORAGE_FULL', `cache-fs.${operation}: no room`, { neededBytes, availableBytes: undefined }, { cause: error })
  }
  const message = `cache-fs.${operation}: the file system failed (${systemCode(error) ?? String(error)})`
  return new BseError('STORAGE_FAILED', message, { store: 'fs' }, { cause: error })
}

/** Gives `undefined` instead of a rejection when the file or folder is not there. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
