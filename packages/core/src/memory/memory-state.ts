import { BseError } from '../errors.ts'
import type { Decide, StateChange, StateEntry, StateFactory, StateStore } from '../provider/state-store.ts'
import { createMemoryRecords, type MemoryRecords } from './memory-records.ts'

const PAGE_SIZE = 500

interface Member {
  readonly decide: Decide<unknown>
  readonly read: readonly string[]
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** What the stores of one namespace have in common. */
interface Shared {
  readonly records: MemoryRecords
  /** Updates that came since the last commit, of all stores. */
  queue: Member[]
  readonly stores: Set<{ shut(): void }>
  /** Resolves at the next commit, close or destroy. */
  changed: Promise<void>
  announce(): void
}

/**
 * Records in this page's memory: the reference StateStore, and the last resort where the browser keeps nothing.
 * Stores of one namespace that come from the same factory share their records, as tabs do.
 *
 * Deterministic: no timers. The updates of one synchronous run are committed together in the next microtask, in order.
 */
export function memoryState(): StateFactory {
  const namespaces = new Map<string, Shared>()
  return (namespace) => {
    const shared = namespaces.get(namespace) ?? createShared()
    namespaces.set(namespace, shared)
    return openMemoryState(shared, () => namespaces.delete(namespace))
  }
}

function createShared(): Shared {
  const shared: Shared = { records: createMemoryRecords(), queue: [], stores: new Set(), changed: Promise.resolve(), announce: () => undefined }
  const renew = (): void => {
    shared.changed = new Promise((resolve) => {
      shared.announce = () => {
        renew()
        resolve()
      }
    })
  }
  renew()
  return shared
}

/** Commits everything that waits, as one group: one sequence number, one announcement. */
function commit(shared: Shared): void {
  const group = shared.queue
  shared.queue = []
  const settled = group.map((member) => {
    try {
      const result = shared.records.apply(member.read, member.decide)
      return () => member.resolve(result)
    } catch (error) {
      return () => member.reject(error)
    }
  })
  if (shared.records.seal()) shared.announce()
  for (const settle of settled) settle()
}

function openMemoryState(shared: Shared, forget: () => void): StateStore {
  let closed = false
  const self = { shut: () => { closed = true } }
  shared.stores.add(self)
  const assertOpen = (operation: string): void => {
    if (closed) throw new BseError('CLOSED', `memory-state.${operation}: the store is closed`, { what: 'memory state' })
  }

  return {
    name: 'memory',
    durable: false,
    async update<T>(read: readonly string[], decide: Decide<T>): Promise<T> {
      assertOpen('update')
      if (shared.queue.length === 0) queueMicrotask(() => commit(shared))
      return new Promise<T>((resolve, reject) => {
        shared.queue.push({ read, decide, resolve, reject })
      })
    },
    async get(keys) {
      assertOpen('get')
      return keys.map((key) => shared.records.get(key))
    },
    async *read(range, { pageSize = PAGE_SIZE, signal } = {}): AsyncGenerator<readonly StateEntry[], void, undefined> {
      let after: string | undefined
      for (;;) {
        signal?.throwIfAborted()
        assertOpen('read')
        const page = shared.records.page(range, after, pageSize)
        if (page.length > 0) yield page
        if (page.length < pageSize) return
        after = page.at(-1)?.key
      }
    },
    async *watch(since, { signal }): AsyncGenerator<StateChange, void, undefined> {
      let seen = since
      while (!closed && !signal.aborted) {
        const { changed } = shared
        const change = shared.records.changesAfter(seen)
        if (change === undefined) {
          await orAbort(changed, signal)
          continue
        }
        seen = change.seq
        yield change
      }
    },
    async destroy() {
      assertOpen('destroy')
      commit(shared)
      forget()
      for (const store of shared.stores) store.shut()
      shared.announce()
    },
    async close() {
      closed = true
      shared.stores.delete(self)
      commit(shared)
      shared.announce()
    },
  }
}

/** Resolves when `promise` does or the signal is aborted. */
function orAbort(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    void promise.then(done)
  })
}
