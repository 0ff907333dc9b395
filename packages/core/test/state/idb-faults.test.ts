import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { idbState } from '../../src/state/idb-state.ts'
import type { StateStore } from '../../src/provider/index.ts'

const stores: StateStore[] = []

function open(namespace: string = crypto.randomUUID()): StateStore {
  const store = idbState()(namespace)
  stores.push(store)
  return store
}

afterEach(async () => {
  vi.restoreAllMocks()
  for (const store of stores.splice(0)) await store.close()
})

function put(store: StateStore, key: string, value: unknown): Promise<void> {
  return store.update([], () => ({ ops: [{ put: key, value }], result: undefined }), { durability: 'strict' })
}

/** Aborts transactions that write more than `limitBytes` at once, as a browser does when the quota is spent. */
function limitTransactions(limitBytes: number, errorName: string | undefined): void {
  const original = IDBObjectStore.prototype.put
  const written = new WeakMap<IDBTransaction, number>()
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value: unknown, key?: IDBValidKey) {
    const request = original.call(this, value, key)
    const tx = this.transaction
    const before = written.get(tx) ?? 0
    const total = before + (value instanceof Uint8Array ? value.byteLength : 0)
    written.set(tx, total)
    if (before <= limitBytes && total > limitBytes) queueMicrotask(() => abortWith(tx, errorName))
    return request
  })
}

function abortWith(tx: IDBTransaction, errorName: string | undefined): void {
  const error = errorName === undefined ? null : new DOMException('no room', errorName)
  Object.defineProperty(tx, 'error', { get: () => error, configurable: true, set: () => undefined })
  tx.abort()
}

describe('idb state: faults', () => {
  it.each([['QuotaExceededError'], [undefined]])('fails one large record and none of its neighbours (%s)', async (errorName) => { // F-23
    const store = open()
    await put(store, 'before', 1)
    limitTransactions(1_000, errorName)
    const outcomes = await Promise.allSettled([put(store, 'a', 1), put(store, 'large', new Uint8Array(2_000)), put(store, 'b', 2)])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'STORAGE_FULL' } })
    expect(await store.get(['before', 'a', 'large', 'b'])).toEqual([1, 1, undefined, 2])
  })

  it('commits one by one what is too much together', async () => { // F-23
    const store = open()
    limitTransactions(1_000, 'QuotaExceededError')
    await Promise.all(['a', 'b', 'c'].map((key) => put(store, key, new Uint8Array(600))))
    expect((await store.get(['a', 'b', 'c'])).every((value) => value instanceof Uint8Array)).toBe(true)
  })

  it('takes records again once there is room', async () => { // F-23
    const store = open()
    limitTransactions(1_000, 'QuotaExceededError')
    await expect(put(store, 'a', new Uint8Array(2_000))).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    vi.restoreAllMocks()
    await put(store, 'a', new Uint8Array(2_000))
    expect((await store.get(['a']))[0]).toHaveProperty('byteLength', 2_000)
  })

  it('opens anew when every call on a connection fails', async () => { // F-19
    const store = open()
    await put(store, 'a', 1)
    const original = IDBDatabase.prototype.transaction
    const dead = new WeakSet<IDBDatabase>()
    let toKill = 1
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...options) {
      if (toKill-- > 0) dead.add(this)
      if (dead.has(this)) throw new DOMException('Connection to Indexed Database server lost', 'UnknownError')
      return original.apply(this, options)
    })
    await put(store, 'b', 2)
    expect(await store.get(['a', 'b'])).toEqual([1, 2])
  })

  it('gives up on a connection that stays dead, and recovers later', async () => { // F-19
    const store = open()
    await put(store, 'a', 1)
    const lost = (): never => { throw new DOMException('Connection to Indexed Database server lost', 'UnknownError') }
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(lost)
    await expect(put(store, 'b', 2)).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { store: 'idb' } })
    await expect(store.get(['a'])).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    vi.restoreAllMocks()
    await put(store, 'c', 3)
    expect(await store.get(['a', 'b', 'c'])).toEqual([1, undefined, 3])
  })

  it('reports storage that the browser forbids', async () => { // F-31
    vi.spyOn(indexedDB, 'open').mockImplementation(() => { throw new DOMException('denied', 'SecurityError') })
    const store = open()
    const forbidden = { code: 'STORAGE_FAILED', cause: { name: 'SecurityError' } }
    await expect(put(store, 'a', 1)).rejects.toMatchObject(forbidden)
    await expect(store.get(['a'])).rejects.toMatchObject(forbidden)
  })

  it('makes its database whole after a creation that was cut', async () => { // F-9
    const namespace = crypto.randomUUID()
    const original = IDBDatabase.prototype.createObjectStore
    let calls = 0
    vi.spyOn(IDBDatabase.prototype, 'createObjectStore').mockImplementation(function (this: IDBDatabase, ...options) {
      if ((calls += 1) === 2) throw new DOMException('cut', 'UnknownError')
      return original.apply(this, options)
    })
    const first = open(namespace)
    await first.get(['a']).catch(() => undefined)
    vi.restoreAllMocks()
    const second = open(namespace)
    await put(second, 'a', 1)
    expect(await second.get(['a'])).toEqual([1])
  })
})
