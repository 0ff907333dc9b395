import { BseError } from '../errors.ts'
import type { StateOp } from './state-store.ts'

const KEY = /^[\x20-\x7e]{1,512}$/

/** How many commits a watcher may be behind and still learn what changed, instead of being told to read everything. */
export const CHANGE_RING_COMMITS = 1_000

/**
 * Holds the ops of a decision against the rules of the seam, before any of them is written.
 *
 * @throws BseError `CONFIG_INVALID` for a key that is not printable ASCII of 1 to 512 characters: a bug of the caller.
 */
export function assertStateOps(ops: readonly StateOp[], store: string): void {
  for (const op of ops) {
    if ('deleteRange' in op) continue
    const key = 'put' in op ? op.put : op.delete
    if (!KEY.test(key)) throw new BseError('CONFIG_INVALID', `${store}.update: not a key`, { option: key })
  }
}

/**
 * What a decision is given: the keys that it named, as copies, and no others.
 *
 * @throws BseError `CONFIG_INVALID` from the returned function for a key that was not named: a bug of the caller.
 */
export function namedReader(read: readonly string[], valueOf: (key: string) => unknown, store: string): (key: string) => unknown {
  const named = new Set(read)
  return (key) => {
    if (!named.has(key)) throw new BseError('CONFIG_INVALID', `${store}.update: the decision reads a key that it did not name`, { option: key })
    const value = valueOf(key)
    return typeof value === 'object' ? structuredClone(value) : value
  }
}
