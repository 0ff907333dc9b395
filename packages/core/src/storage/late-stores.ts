import type { CacheStore, StageOptions } from '../provider/cache-store.ts'
import type { HeldLock, LockRequest, Locks } from '../provider/environment.ts'
import type { StateStore } from '../provider/state-store.ts'

/** A store that is not chosen yet; calls wait until it is. */
export interface Late<Store> {
  /** The store once it is chosen. */
  peek(): Store | undefined
  /** Rejects when none can be had. */
  get(): Promise<Store>
}

export function lateState(late: Late<StateStore>): StateStore {
  return {
    get name() { return late.peek()?.name ?? 'state' },
    get durable() { return late.peek()?.durable ?? false },
    update: async (read, decide, options) => (await late.get()).update(read, decide, options),
    get: async (keys) => (await late.get()).get(keys),
    async *read(range, options) { yield* (await late.get()).read(range, options) },
    async *watch(since, options) { yield* (await late.get()).watch(since, options) },
    destroy: async () => (await late.get()).destroy(),
    close: () => closeLate(late),
  }
}

/** `beforeStaging` runs before the first bytes are staged; again with the next ones when it failed. */
export function lateCache(late: Late<CacheStore>, beforeStaging: (store: CacheStore) => Promise<void>): CacheStore {
  let prepared: Promise<void> | undefined
  const prepare = async (store: CacheStore): Promise<void> => {
    try {
      await (prepared ??= beforeStaging(store))
    } catch (error) {
      prepared = undefined
      throw error
    }
  }
  return {
    get name() { return late.peek()?.name ?? 'cache' },
    get durable() { return late.peek()?.durable ?? false },
    async stage(source: Blob | ReadableStream<Uint8Array>, options?: StageOptions) {
      const store = await late.get()
      await prepare(store)
      return store.stage(source, options)
    },
    publish: async (staged) => (await late.get()).publish(staged),
    discard: async (stageId) => (await late.get()).discard(stageId),
    sweep: async (isAlive) => (await late.get()).sweep(isAlive),
    get: async (hash) => (await late.get()).get(hash),
    read: async (hash, range) => (await late.get()).read(hash, range),
    delete: async (hash) => (await late.get()).delete(hash),
    async *list(options) { yield* (await late.get()).list(options) },
    destroy: async () => (await late.get()).destroy(),
    close: () => closeLate(late),
  }
}

export function lateLocks(late: Late<Locks>): Locks {
  function acquire(name: string, request: LockRequest & { readonly ifAvailable: true }): Promise<HeldLock | undefined>
  function acquire(name: string, request: LockRequest): Promise<HeldLock>
  async function acquire(name: string, request: LockRequest): Promise<HeldLock | undefined> {
    return (await late.get()).acquire(name, request)
  }
  return { get scope() { return late.peek()?.scope ?? 'origin' }, acquire }
}

/** Where none could be had there is nothing to close, and whoever asked for it has heard. */
async function closeLate(late: Late<{ close(): Promise<void> }>): Promise<void> {
  const store = await late.get().catch(() => undefined)
  await store?.close()
}
