import type { HeldLock, Locks } from '../provider/environment.ts'
import type { StateStore } from '../provider/state-store.ts'
import { tabKey } from './keys.ts'

/** Held for as long as a tab lives. */
export function tabLockName(namespace: string, tabId: string): string {
  return `bse/${namespace}/t/${tabId}`
}

/** Lock first, record second: a record whose lock is free is always that of a dead tab. */
export async function registerTab(locks: Locks, state: StateStore, namespace: string, tabId: string, signal: AbortSignal): Promise<HeldLock> {
  const lock = await locks.acquire(tabLockName(namespace, tabId), { mode: 'exclusive', signal })
  try {
    await state.update([], () => ({ ops: [{ put: tabKey(tabId), value: 1 }], result: undefined }), { durability: 'relaxed' })
  } catch (error) {
    lock.release()
    throw error
  }
  return lock
}
