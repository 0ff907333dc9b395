import type { HeldLock, Locks } from '../provider/environment.ts'
import { hexOf, type BlobHash } from '../wire/blob-hash.ts'

/** The locks of one namespace over all tabs. A dead tab's locks are released by the platform. */
export interface BlobLocks {
  /**
   * Whoever brings bytes under a hash (or takes them away) is alone. Not the borrowers' lock: bringing in a photo that is on
   * screen already must not wait until it is gone from there.
   */
  change(hash: BlobHash, signal?: AbortSignal): Promise<HeldLock>
  /** The same, or `undefined` at once when somebody else does so. */
  tryChange(hash: BlobHash): Promise<HeldLock | undefined>
  /** Shared by everybody who reads: while one is held nobody removes the bytes. */
  borrow(hash: BlobHash, signal?: AbortSignal): Promise<HeldLock>
  /** Alone among borrowers, or `undefined` at once when somebody reads. */
  tryRemove(hash: BlobHash): Promise<HeldLock | undefined>
}

export function blobLocks(locks: Locks, namespace: string): BlobLocks {
  const withSignal = (signal: AbortSignal | undefined): { readonly signal?: AbortSignal } => (signal === undefined ? {} : { signal })
  const changeName = (hash: BlobHash): string => `bse/${namespace}/c/${hexOf(hash)}`
  const borrowName = (hash: BlobHash): string => `bse/${namespace}/b/${hexOf(hash)}`
  return {
    change: (hash, signal) => locks.acquire(changeName(hash), { mode: 'exclusive', ...withSignal(signal) }),
    tryChange: (hash) => locks.acquire(changeName(hash), { mode: 'exclusive', ifAvailable: true }),
    borrow: (hash, signal) => locks.acquire(borrowName(hash), { mode: 'shared', ...withSignal(signal) }),
    tryRemove: (hash) => locks.acquire(borrowName(hash), { mode: 'exclusive', ifAvailable: true }),
  }
}
