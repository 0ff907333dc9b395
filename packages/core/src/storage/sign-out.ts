import { hasCode } from '../errors.ts'
import type { CacheFactory, CacheStore } from '../provider/cache-store.ts'
import type { HeldLock, Locks } from '../provider/environment.ts'
import type { StateFactory, StateStore } from '../provider/state-store.ts'
import { SIGN_OUT_KEY } from '../state/keys.ts'
import { chooseCache } from './choose-cache.ts'
import { forgetPrincipal, putTombstone, removeTombstone, tombstoneKey, tombstones, type PendingPolicy, type Tombstone } from './home.ts'
import { eraseAcknowledged, eraseAll, fence, unfence } from './wipe.ts'

/** How to get at what lies under a name on this device. */
export interface Openers {
  readonly state: StateFactory
  readonly caches: readonly CacheFactory[]
}

interface Wiped {
  /** What all principals share; for an engine without principals the very state that is wiped. */
  readonly home: StateStore
  readonly suffix: string
  readonly state: StateStore
  readonly cache: CacheStore
}

export interface SignOutParts extends Wiped {
  /** The engine's own. */
  readonly name: string
  readonly locks: Locks
}

/** What the tab that signs out is told, so that it ends its own work at the right moment. */
export interface WorkOfTab {
  /** From here on it is this tab that signs out. */
  begins(): void
  /** Resolves when this tab does nothing more; the stores are still open. */
  stop(): Promise<void>
}

/**
 * Ends a principal's stay on this device. From the tombstone on it is finished by the next start, should this tab die.
 *
 * @throws BseError `PENDING_WORK` when `refuse` finds some; nothing has changed then. Later failures leave the tombstone.
 */
export async function signOut(parts: SignOutParts, pending: PendingPolicy, work: WorkOfTab): Promise<void> {
  const lock = await wipeLock(parts.locks, parts.name)
  try {
    // Another tab was faster, and its wipe has closed what we hold.
    if (await isClosed(parts.state)) return
    work.begins()
    const tombstone = await putTombstone(parts.home, { suffix: parts.suffix, pending })
    await fenceOrTakeBack(parts, tombstone)
    await work.stop()
    await erase(parts, tombstone)
    if (parts.home === parts.state && tombstone.pending !== 'keep') return
    await bury(parts)
  } finally {
    lock.release()
  }
}

/** Finishes what dead tabs began to wipe, before anything is read. Answers the home, which may be a new one. */
export async function finishWipes(home: StateStore, name: string, open: Openers, locks: Locks): Promise<StateStore> {
  if ((await tombstones(home)).length === 0) return home
  // Waits for a tab that is still at it, which may take the home with it.
  const lock = await wipeLock(locks, name)
  await home.close()
  let current = open.state(name)
  try {
    for (const tombstone of await tombstones(current)) current = await finishWipe(current, name, tombstone, open)
    return current
  } catch (error) {
    await current.close()
    throw error
  } finally {
    lock.release()
  }
}

async function finishWipe(home: StateStore, name: string, tombstone: Tombstone, open: Openers): Promise<StateStore> {
  const { suffix, pending } = tombstone
  const state = suffix === '' ? home : open.state(name + suffix)
  const stores = open.caches.map((openCache) => openCache(name + suffix))
  try {
    const { store: cache } = await chooseCache(state, stores)
    const parts = { home, suffix, state, cache }
    await fenceOrTakeBack(parts, tombstone)
    await erase(parts, tombstone)
  } catch (error) {
    if (hasCode(error, 'PENDING_WORK')) return home
    throw error
  } finally {
    await Promise.all([...stores, ...(state === home ? [] : [state])].map((store) => store.close()))
  }
  if (state === home && pending !== 'keep') return open.state(name)
  await bury({ home, suffix })
  return home
}

/** The wipe is done. */
async function bury({ home, suffix }: Pick<Wiped, 'home' | 'suffix'>): Promise<void> {
  await forgetPrincipal(home, suffix.slice(1))
  await removeTombstone(home, suffix)
}

async function fenceOrTakeBack(parts: Wiped, { suffix, pending }: Tombstone): Promise<void> {
  try {
    await fence(parts.state, pending)
  } catch (error) {
    if (hasCode(error, 'PENDING_WORK')) {
      // A dead tab may have fenced it and found less than there is now, such as a record that nobody can read: nobody is to be locked out.
      await unfence(parts.state)
      await removeTombstone(parts.home, suffix)
    }
    throw error
  }
}

function erase({ home, state, cache, suffix }: Wiped, { pending }: Tombstone): Promise<void> {
  if (pending === 'keep') return eraseAcknowledged(state, cache)
  return eraseAll(state, cache, home === state ? [tombstoneKey(suffix)] : [])
}

async function isClosed(state: StateStore): Promise<boolean> {
  try {
    await state.get([SIGN_OUT_KEY])
    return false
  } catch (error) {
    if (hasCode(error, 'CLOSED')) return true
    throw error
  }
}

function wipeLock(locks: Locks, name: string): Promise<HeldLock> {
  return locks.acquire(`bse/${name}/wipe`, { mode: 'exclusive' })
}
