import type { BseError } from '../errors.ts'
import type { CacheFactory, CacheStore } from '../provider/cache-store.ts'
import type { Locks } from '../provider/environment.ts'
import type { StateFactory, StateStore } from '../provider/state-store.ts'
import { chooseCache, rememberCache } from './choose-cache.ts'
import { chooseState } from './choose-state.ts'
import { lateCache, lateLocks, lateState, type Late } from './late-stores.ts'

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
}

/** What an engine keeps things in. The parts can be handed around before they are chosen. */
export interface Storage {
  readonly state: StateStore
  readonly cache: CacheStore
  /** Where tabs share no state they must not share locks either: one would wait for work that the other cannot see. */
  readonly locks: Locks
  /** Resolves when every part is chosen. @throws what keeps one from being chosen. */
  open(): Promise<void>
}

interface Chosen {
  readonly state: StateStore
  readonly cache: CacheStore
  readonly locks: Locks
}

/** Touches nothing before `open` or the first call. Spec: docs/spec/storage.md. */
export function openStorage(options: StorageOptions): Storage {
  const stores = options.caches.map((open) => open(options.namespace))
  const [only] = stores
  const given = options.state?.(options.namespace)
  let chosen: Chosen | undefined
  let choosing: Promise<Chosen> | undefined
  const choose = (): Promise<Chosen> => (choosing ??= chooseAll(options, given, stores).then((all) => (chosen = all)))
  const late = <Part extends keyof Chosen>(part: Part): Late<Chosen[Part]> => ({
    peek: () => chosen?.[part],
    get: async () => (await choose())[part],
  })
  const state = given ?? lateState(late('state'))
  const locks = given === undefined ? lateLocks(late('locks')) : options.locks
  // Nothing to choose and nothing to remember.
  if (given !== undefined && only?.durable === false && stores.length === 1) return { state, cache: only, locks, open: async () => undefined }
  const remember = async (store: CacheStore): Promise<void> => {
    if (store.durable) await rememberCache(state, store.name)
  }
  return { state, cache: lateCache(late('cache'), remember), locks, open: async () => void (await choose()) }
}

async function chooseAll(options: StorageOptions, given: StateStore | undefined, stores: readonly CacheStore[]): Promise<Chosen> {
  const { store: state, refusal } = given === undefined ? await chooseState(options.namespace) : { store: given, refusal: undefined }
  if (refusal !== undefined) return allInMemory(options, state, refusal, stores)
  try {
    const { store: cache, instead } = await chooseCache(state, stores)
    if (instead !== undefined) {
      options.onFallback({ part: 'cache', from: instead.of, to: cache.name, durable: cache.durable, error: instead.error })
    }
    return { state, cache, locks: options.locks }
  } catch (error) {
    // Nobody else knows of what was opened so far.
    await Promise.all([...stores, state].map((store) => store.close()))
    throw error
  }
}

/** Bytes that outlive the only record of them would lie on the disk for ever: they go with it. */
async function allInMemory({ namespace, onFallback }: StorageOptions, state: StateStore, error: BseError, stores: readonly CacheStore[]): Promise<Chosen> {
  await Promise.all(stores.map((store) => store.close()))
  const { memoryCache, memoryLocks } = await import('../memory/index.ts')
  const cache = memoryCache()(namespace)
  onFallback({ part: 'state', from: 'idb', to: state.name, durable: false, error })
  onFallback({ part: 'cache', from: stores[0]?.name ?? cache.name, to: cache.name, durable: false, error })
  return { state, cache, locks: memoryLocks() }
}
