import type { CacheStore } from '../provider/cache-store.ts'
import type { StateStore } from '../provider/state-store.ts'
import { withLocal, withRemote } from '../ledger/entry.ts'
import { changeEntry, readEntry, type References } from '../ledger/ledger.ts'
import { ledgerOps } from '../ledger/records.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import { bytesKey, ledgerKey } from '../state/keys.ts'
import { readLedgerEntry } from '../state/records.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { BlobLocks } from './locks.ts'

export interface ReclaimDeps {
  readonly store: CacheStore
  readonly state: StateStore
  readonly locks: BlobLocks
  readonly references: References
  /** Whether enough remotes have bytes that rows name for this device to drop its copy. Default: one is enough. */
  readonly isDurable?: (entry: LedgerEntry) => boolean
}

/**
 * Ends what a write began and never committed: removes bytes that were published under a hash that nobody claimed.
 * Waits for the blob's lock first, so a write that is alive finishes (and the record says `present` by then).
 */
export async function reclaimStaged(deps: ReclaimDeps, hash: BlobHash): Promise<void> {
  const lock = await deps.locks.change(hash)
  try {
    const entry = await readEntry(deps.state, hash)
    if (entry?.local !== 'staged') return
    if (entry.stageId !== undefined) await deps.store.discard(entry.stageId)
    if ((await deps.store.delete(hash)) === 'busy') return
    await changeEntry(deps.state, entry, (now) => withLocal(now, 'startUp', deps.references.count(hash) > 0), { durability: 'relaxed' })
  } finally {
    lock.release()
  }
}

/**
 * A belief about bytes that nothing names here any more grows old: the server may collect them and another device name them
 * anew, and an old `stored` would then let the last copy be evicted. So it is forgotten.
 */
export async function forgetUnreferenced(deps: ReclaimDeps, hash: BlobHash): Promise<void> {
  const entry = await readEntry(deps.state, hash)
  if (entry === undefined) return
  await changeEntry(deps.state, entry, (now) => {
    if (now.claims.length > 0 || deps.references.count(hash) > 0) return now
    return Object.keys(now.remotes).reduce((next, remoteId) => withRemote(next, remoteId, 'lastClaimDropped', false), now)
  }, { durability: 'relaxed' })
}

/**
 * Gives up this device's copy, when nobody is owed it and nobody reads it. The record says `evicting` before the file goes, so
 * a crash in between is finished by start-up. Without `waits` bytes that somebody brings in at this moment are kept: a write that makes room may hold
 * such locks itself.
 */
export async function evictBlob(deps: ReclaimDeps, hash: BlobHash, { waits }: { readonly waits: boolean }): Promise<'evicted' | 'kept'> {
  const borrowers = await deps.locks.tryRemove(hash)
  if (borrowers === undefined) return 'kept'
  const lock = waits ? await deps.locks.change(hash) : await deps.locks.tryChange(hash)
  try {
    if (lock === undefined) return 'kept'
    const begun = await beginEviction(deps, hash)
    if (begun?.local === 'absent') return 'evicted'
    if (begun?.local !== 'evicting') return 'kept'
    if ((await deps.store.delete(hash)) === 'busy') return 'kept'
    await changeEntry(deps.state, begun, (entry) => withLocal(entry, 'evictDone', deps.references.count(hash) > 0), { durability: 'relaxed' })
    return 'evicted'
  } finally {
    lock?.release()
    borrowers.release()
  }
}

/** Inline bytes go in the same update as their record; a file needs the step in between. */
function beginEviction(deps: ReclaimDeps, hash: BlobHash): Promise<LedgerEntry | undefined> {
  const key = ledgerKey(hash)
  return deps.state.update<LedgerEntry | undefined>([key], (get) => {
    const before = readLedgerEntry(get(key))
    if (before === undefined) return { ops: [], result: undefined }
    const referenced = deps.references.count(hash) > 0
    if (referenced && deps.isDurable?.(before) === false) return { ops: [], result: before }
    const begun = withLocal(before, 'evictBegin', referenced)
    if (begun.local !== 'evicting') return { ops: [], result: before }
    const after = begun.inline ? { ...withLocal(begun, 'evictDone', referenced), inline: false } : begun
    return { ops: [...ledgerOps(after), ...(begun.inline ? [{ delete: bytesKey(hash) }] : [])], result: after }
  }, { durability: 'relaxed' })
}
