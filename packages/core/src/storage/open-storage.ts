import type { BseError } from '../errors.ts'
import type { CacheFactory, CacheStore } from '../provider/cache-store.ts'
import type { HeldLock, LockRequest, Locks } from '../provider/environment.ts'
import type { StateFactory, StateStore } from '../provider/state-store.ts'
import { chooseCache, rememberCache } from './choose-cache.ts'
import { chooseState } from './choose-state.ts'
import { lastPrincipal, rememberPrincipal, type PendingPolicy } from './home.ts'
import { lateCache, lateLocks, lateState, type Late } from './late-stores.ts'
import { finishWipes, signOut, type SignOutParts, type WorkOfTab } from './sign-out.ts'

/** A part of storage is not where it was wanted. `durable` false: it goes with the page. */
export interface StorageFallback {
  readonly part: 'state' | 'cache'
  readonly from: string
  readonly to: string
  readonly durable: boolean
  readonly error: BseError
}

export interface StorageOptions {
  readonly namespace: string
  /** Given: used as it is. Left out: IndexedDB, or memory where that is refused. */
  readonly state: StateFactory | undefined
  /** Tried in this order. */
  readonly caches: readonly CacheFactory[]
  readonly locks: Locks
  readonly onFallback: (fallback: StorageFallback) => void
  /** Whose storage to open, given who was here last. Left out: the device has one storage for all. */
  readonly identify?: (remembered: string | undefined) => Promise<string>
}

/** What an engine keeps things in. The parts can be handed around before they are chosen. */
export interface Storage {
  readonly state: StateStore
  readonly cache: CacheStore
  /** Where tabs share no state they must not share locks either: one would wait for work that the other cannot see. */
  readonly locks: Locks
  /** Resolves when every part is chosen, with the namespace of whoever's storage it is. @throws what keeps one from being chosen. */
  open(): Promise<string>
  /** Wipes what `pending` says. The stores are of no use afterwards. @throws BseError `PENDING_WORK`, and what the stores throw. */
  signOut(pending: PendingPolicy, work: WorkOfTab): Promise<void>
  close(): Promise<void>
}

/** Where and how this device keeps things, whoever it is that they belong to. */
interface Ground {
  readonly openState: StateFactory
  readonly caches: readonly CacheFactory[]
  readonly locks: Locks
  /** Why it is this page's memory, and what it would have been. */
  readonly refusal: { readonly error: BseError; readonly cache: string } | undefined
}

interface Chosen {
  readonly state: StateStore
  readonly cache: CacheStore
  readonly locks: Locks
  readonly signOutParts: SignOutParts
}

/** Touches nothing before `open` or the first call. Spec: docs/spec/storage.md. */
export function openStorage(options: StorageOptions): Storage {
  let chosen: Chosen | undefined
  let choosing: Promise<Chosen> | undefined
  const choose = (): Promise<Chosen> => (choosing ??= chooseAll(options).then((all) => (chosen = all)))
  const late = <Part extends 'state' | 'cache' | 'locks'>(part: Part): Late<Chosen[Part]> => ({
    peek: () => chosen?.[part],
    get: async () => (await choose())[part],
  })
  const state = lateState(late('state'))
  const cache = lateCache(late('cache'), async (store) => {
    if (store.durable) await rememberCache(state, store.name)
  })
  return {
    state,
    cache,
    locks: lateLocks(late('locks')),
    open: async () => {
      const { name, suffix } = (await choose()).signOutParts
      return name + suffix
    },
    signOut: async (pending, work) => signOut((await choose()).signOutParts, pending, work),
    async close() {
      // Where nothing could be chosen there is nothing to close, and whoever opened has heard why.
      const all = await choosing?.catch(() => undefined)
      if (all === undefined) return
      const { home } = all.signOutParts
      await Promise.all([all.cache.close(), all.state.close(), ...(home === all.state ? [] : [home.close()])])
    },
  }
}

async function chooseAll(options: StorageOptions): Promise<Chosen> {
  const { namespace: name, identify, onFallback } = options
  const { ground, home: opened } = await chooseGround(options)
  const open: StateStore[] = [opened]
  const stores: CacheStore[] = []
  try {
    const home = await finishWipes(opened, name, { state: ground.openState, caches: ground.caches }, ground.locks)
    open.push(home)
    const key = identify === undefined ? undefined : await principalOf(home, identify)
    const suffix = key === undefined ? '' : `@${key}`
    const namespace = name + suffix
    const state = key === undefined ? home : ground.openState(namespace)
    open.push(state)
    stores.push(...ground.caches.map((openCache) => openCache(namespace)))
    const cache = await chosenCache(state, stores, ground, onFallback)
    const locks = suffix === '' ? ground.locks : ownLocks(ground.locks, suffix)
    return { state, cache, locks, signOutParts: { home, name, suffix, state, cache, locks: ground.locks } }
  } catch (error) {
    // Nobody else knows of what was opened so far.
    await Promise.all([...stores, ...new Set(open)].map((store) => store.close()))
    throw error
  }
}

/** Bytes that outlive the only record of them would lie on the disk for ever: where state is in memory they are too. */
async function chooseGround({ namespace, state, caches, locks }: StorageOptions): Promise<{ readonly ground: Ground; readonly home: StateStore }> {
  if (state !== undefined) return { ground: { openState: state, caches, locks, refusal: undefined }, home: state(namespace) }
  const { store: home, open: openState, refusal } = await chooseState(namespace)
  if (refusal === undefined) return { ground: { openState, caches, locks, refusal }, home }
  const wanted = caches.map((open) => open(namespace))
  await Promise.all(wanted.map((store) => store.close()))
  const { memoryCache, memoryLocks } = await import('../memory/index.ts')
  return { ground: { openState, caches: [memoryCache()], locks: memoryLocks(), refusal: { error: refusal, cache: wanted[0]?.name ?? '' } }, home }
}

async function chosenCache(state: StateStore, stores: readonly CacheStore[], ground: Ground, onFallback: StorageOptions['onFallback']): Promise<CacheStore> {
  const { store: cache, instead } = await chooseCache(state, stores)
  if (ground.refusal !== undefined) {
    const { error, cache: from } = ground.refusal
    onFallback({ part: 'state', from: 'idb', to: state.name, durable: false, error })
    onFallback({ part: 'cache', from, to: cache.name, durable: false, error })
  } else if (instead !== undefined) {
    onFallback({ part: 'cache', from: instead.of, to: cache.name, durable: cache.durable, error: instead.error })
  }
  return cache
}

async function principalOf(home: StateStore, identify: (remembered: string | undefined) => Promise<string>): Promise<string> {
  const remembered = await lastPrincipal(home)
  const key = await identify(remembered)
  if (key !== remembered) await rememberPrincipal(home, key)
  return key
}

/** Two principals of one device have nothing in common, their locks included. */
function ownLocks(locks: Locks, suffix: string): Locks {
  function acquire(name: string, request: LockRequest & { readonly ifAvailable: true }): Promise<HeldLock | undefined>
  function acquire(name: string, request: LockRequest): Promise<HeldLock>
  function acquire(name: string, request: LockRequest): Promise<HeldLock | undefined> {
    return locks.acquire(name + suffix, request)
  }
  return { scope: locks.scope ?? 'origin', acquire }
}
