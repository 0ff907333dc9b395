import 'fake-indexeddb/auto'
import { randomBytes } from '@bse/core/testing'
import { openDB } from 'idb'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { counts, databaseOf, listed, MIB, openFresh, put } from './tools.ts'

// Faults that a real browser does not produce on demand.
afterEach(() => vi.restoreAllMocks())

/** Aborts transactions that write more than `limitBytes` of chunks, as a browser does when the quota is spent. */
function limitTransactions(limitBytes: number, errorName: string | undefined): void {
  const original = IDBObjectStore.prototype.put
  const written = new WeakMap<IDBTransaction, number>()
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value: unknown, key?: IDBValidKey) {
    const request = original.call(this, value, key)
    const tx = this.transaction
    const before = written.get(tx) ?? 0
    const total = before + (value instanceof ArrayBuffer ? value.byteLength : 0)
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

/** Makes the first `times` transactions of this mode fail with `UnknownError`. */
function loseConnections(times: number): void {
  const original = IDBDatabase.prototype.transaction
  let left = times
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...options) {
    if (left-- > 0) throw new DOMException('Connection to Indexed Database server lost', 'UnknownError')
    return original.apply(this, options)
  })
}

describe('no room', () => {
  // F-23
  it.each([['QuotaExceededError'], [undefined]])('fails one large blob and none of its neighbours (%s)', async (errorName) => {
    const { store, namespace } = openFresh()
    limitTransactions(1_000, errorName)
    const outcomes = await Promise.allSettled([100, 5_000, 200].map((sizeBytes) => store.stage(new Blob([randomBytes(sizeBytes)]))))
    expect(outcomes).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'STORAGE_FULL', details: { neededBytes: 5_000 } } }, { status: 'fulfilled' }])
    expect(await counts(namespace)).toEqual({ blobs: 0, staging: 2, chunks: 2 })
  })

  // F-23
  it('leaves nothing of a blob whose last part found no room', async () => {
    const { store, namespace } = openFresh()
    const kept = await put(store, randomBytes(10))
    const original = IDBObjectStore.prototype.put
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value: unknown, key?: IDBValidKey) {
      const request = original.call(this, value, key)
      if (Array.isArray(key) && key[1] === 5) queueMicrotask(() => abortWith(this.transaction, 'QuotaExceededError'))
      return request
    })
    await expect(store.stage(new Blob([randomBytes(6 * MIB)]))).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(await counts(namespace)).toEqual({ blobs: 1, staging: 0, chunks: 1 })
    expect(await listed(store)).toEqual([{ hash: kept.hash, sizeBytes: 10 }])
  })
})

describe('a lost connection', () => {
  // F-19
  it.each([1, 3])('is opened again after %i failures', async (times) => {
    const { store } = openFresh()
    await put(store, randomBytes(10))
    loseConnections(times)
    const { hash } = await put(store, randomBytes(20))
    vi.restoreAllMocks()
    loseConnections(times)
    expect((await store.get(hash))?.size).toBe(20)
  })

  // F-19
  it('is given up after a bounded number of tries, and works later', async () => {
    const { store } = openFresh()
    const { hash } = await put(store, randomBytes(10))
    loseConnections(Number.POSITIVE_INFINITY)
    const failed = { code: 'STORAGE_FAILED', details: { store: 'idb' }, cause: { name: 'UnknownError' } }
    await expect(store.stage(new Blob(['x']))).rejects.toMatchObject(failed)
    await expect(store.get(hash)).rejects.toMatchObject(failed)
    vi.restoreAllMocks()
    expect((await store.get(hash))?.size).toBe(10)
  })
})

// F-31
it('reports storage that the browser forbids', async () => {
  vi.spyOn(indexedDB, 'open').mockImplementation(() => { throw new DOMException('denied', 'SecurityError') })
  const { store } = openFresh()
  const forbidden = { code: 'STORAGE_FAILED', cause: { name: 'SecurityError' } }
  await expect(store.stage(new Blob(['x']))).rejects.toMatchObject(forbidden)
  await expect(store.get('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')).rejects.toMatchObject(forbidden)
})

// F-9
it('makes its database whole after a creation that was cut', async () => {
  const { store, namespace } = openFresh()
  const original = IDBDatabase.prototype.createObjectStore
  let calls = 0
  vi.spyOn(IDBDatabase.prototype, 'createObjectStore').mockImplementation(function (this: IDBDatabase, ...options) {
    if ((calls += 1) === 2) throw new DOMException('cut', 'NotReadableError')
    return original.apply(this, options)
  })
  await put(store, randomBytes(10))
  expect(calls).toBe(5)
  expect(await counts(namespace)).toEqual({ blobs: 1, staging: 0, chunks: 1 })
})

// A missing chunk is not an error of the reader: the whole is absent, and core fetches it again.
it('answers absent when a chunk is missing', async () => {
  const { store, namespace } = openFresh()
  const { hash } = await put(store, randomBytes(3 * MIB))
  const db = await openDB(databaseOf(namespace))
  const keys = await db.getAllKeys('chunks')
  await db.delete('chunks', keys[1] ?? [])
  db.close()
  expect(await store.get(hash)).toBeUndefined()
})
