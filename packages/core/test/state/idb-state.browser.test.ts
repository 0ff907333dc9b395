import { openDB } from 'idb'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { idbState } from '../../src/state/idb-state.ts'
import { stateStoreSuite } from '../../src/testing/index.ts'
import type { StateStore } from '../../src/provider/index.ts'

//
stateStoreSuite({ describe, it }, { name: 'idb', open: idbState() })

const namespaces: string[] = []
const stores: StateStore[] = []

function freshNamespace(): string {
  const namespace = `test-${crypto.randomUUID()}`
  namespaces.push(namespace)
  return namespace
}

/** Each call is another factory, as another tab would have. */
function openTab(namespace: string): StateStore {
  const store = idbState()(namespace)
  stores.push(store)
  return store
}

afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.useRealTimers()
  for (const store of stores.splice(0)) await store.close()
  for (const namespace of namespaces.splice(0)) indexedDB.deleteDatabase(`bse:${namespace}`)
})

function put(store: StateStore, key: string, value: unknown, durability: 'strict' | 'relaxed' = 'relaxed'): Promise<void> {
  return store.update([], () => ({ ops: [{ put: key, value }], result: undefined }), { durability })
}

function increment(store: StateStore): Promise<number> {
  return store.update(['n'], (get) => {
    const before = (get('n') as number | undefined) ?? 0
    return { ops: [{ put: 'n', value: before + 1 }], result: before }
  }, { durability: 'relaxed' })
}

/** What each readwrite transaction asked for, and the raw connections that were used. */
function watchTransactions(): { writes: () => (IDBTransactionOptions | undefined)[]; connections: () => IDBDatabase[] } {
  const spy = vi.spyOn(IDBDatabase.prototype, 'transaction')
  return {
    writes: () => spy.mock.calls.filter(([, mode]) => mode === 'readwrite').map(([, , options]) => options),
    connections: () => spy.mock.contexts as IDBDatabase[],
  }
}

describe('idb state: durability and groups', () => {
  it('asks the browser for the durability of each update', async () => { // F-3
    const { writes } = watchTransactions()
    const store = openTab(freshNamespace())
    await put(store, 'a', 1, 'strict')
    await put(store, 'b', 2, 'relaxed')
    expect(writes()).toEqual([{ durability: 'strict' }, { durability: 'relaxed' }])
  })

  it('commits the updates of a tick in one transaction', async () => {
    const { writes } = watchTransactions()
    const store = openTab(freshNamespace())
    await Promise.all(Array.from({ length: 100 }, (_, n) => put(store, `k${n}`, n)))
    expect(writes()).toHaveLength(1)
  })

  it('makes a group strict when one member is', async () => { // F-3
    const { writes } = watchTransactions()
    const store = openTab(freshNamespace())
    await Promise.all([put(store, 'a', 1), put(store, 'b', 2, 'strict'), put(store, 'c', 3)])
    expect(writes()).toEqual([{ durability: 'strict' }])
  })

  it('gathers what comes while a transaction is under way', async () => {
    const { writes } = watchTransactions()
    const store = openTab(freshNamespace())
    const first = put(store, 'first', 0)
    await vi.waitFor(() => expect(writes()).toHaveLength(1))
    await Promise.all([first, ...Array.from({ length: 50 }, (_, n) => put(store, `k${n}`, n))])
    expect(writes()).toHaveLength(2)
  })

  it('does not resolve before the transaction is complete', async () => {
    const store = openTab(freshNamespace())
    const transaction = IDBDatabase.prototype.transaction
    const order: string[] = []
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...options) {
      const tx = transaction.apply(this, options)
      tx.addEventListener('complete', () => order.push('complete'))
      return tx
    })
    await put(store, 'a', 1)
    order.push('resolved')
    expect(order).toEqual(['complete', 'resolved'])
  })
})

describe('idb state: lost connections', () => {
  it('opens again when its connection was closed', async () => { // F-19
    const { connections } = watchTransactions()
    const store = openTab(freshNamespace())
    await increment(store)
    connections().at(-1)?.close()
    expect(await increment(store)).toBe(1)
    connections().at(-1)?.close()
    expect(await store.get(['n'])).toEqual([2])
    expect(new Set(connections()).size).toBe(3)
  })

  it('decides again after an abort that nobody asked for', async () => { // F-19 F-23
    const store = openTab(freshNamespace())
    const transaction = IDBDatabase.prototype.transaction
    let aborts = 1
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...options) {
      const tx = transaction.apply(this, options)
      if (options[1] === 'readwrite' && aborts-- > 0) tx.abort()
      return tx
    })
    expect(await Promise.all([increment(store), increment(store)])).toEqual([0, 1])
    expect(await store.get(['n'])).toEqual([2])
  })

  it('does not apply a commit twice whose end it did not see', async () => { // F-19
    const store = openTab(freshNamespace())
    const transaction = IDBDatabase.prototype.transaction
    let losses = 1
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...options) {
      const tx = transaction.apply(this, options)
      if (options[1] === 'readwrite' && losses-- > 0) reportAsLost(tx)
      return tx
    })
    expect(await increment(store)).toBe(0)
    expect(await store.get(['n'])).toEqual([1])
  })

  it('closes for an upgrade by a newer version and leaves it alone', async () => { // F-10 F-18
    const namespace = freshNamespace()
    const store = openTab(namespace)
    await put(store, 'a', 1)
    const newer = await openDB(`bse:${namespace}`, 2)
    newer.close()
    await expect(put(store, 'b', 2)).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW', details: { found: 2, known: 1 } })
  })

  it('opens again after an upgrade that was given up', async () => { // F-18
    const namespace = freshNamespace()
    const store = openTab(namespace)
    await put(store, 'a', 1)
    const givenUp = openDB(`bse:${namespace}`, 2, {
      upgrade(_db, _from, _to, tx) {
        tx.done.catch(() => undefined)
        tx.abort()
      },
    })
    await expect(givenUp).rejects.toThrow()
    expect(await store.get(['a'])).toEqual([1])
  })
})

/** The commit is made, and what is heard of it is that the connection is lost, as Safari does it. */
function reportAsLost(tx: IDBTransaction): void {
  Object.defineProperty(tx, 'error', { get: () => new DOMException('Connection to Indexed Database server lost', 'UnknownError') })
  Object.defineProperty(tx, 'oncomplete', { set: () => undefined })
  tx.addEventListener('complete', () => tx.onabort?.(new Event('abort')))
}

describe('idb state: versions', () => {
  it('leaves a database of a newer version untouched', async () => { // F-10
    const namespace = freshNamespace()
    const newer = await openDB(`bse:${namespace}`, 7, { upgrade: (db) => void db.createObjectStore('future') })
    await newer.put('future', 'precious', 'k')
    newer.close()
    const store = openTab(namespace)
    const tooNew = { code: 'SCHEMA_TOO_NEW', details: { found: 7, known: 1 } }
    await expect(put(store, 'a', 1)).rejects.toMatchObject(tooNew)
    await expect(store.get(['a'])).rejects.toMatchObject(tooNew)
    await expect(store.watch(undefined, { signal: new AbortController().signal })[Symbol.asyncIterator]().next()).rejects.toMatchObject(tooNew)
    const again = await openDB(`bse:${namespace}`)
    expect([again.version, [...again.objectStoreNames], await again.get('future', 'k')]).toEqual([7, ['future'], 'precious'])
    again.close()
  })

  it('does not wait for ever for a tab that blocks removal', async () => { // F-18
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const namespace = freshNamespace()
    const store = openTab(namespace)
    await put(store, 'a', 1)
    const stubborn = await openDB(`bse:${namespace}`)
    const removal = expect(store.destroy()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    while (vi.getTimerCount() === 0) await anotherTask()
    vi.advanceTimersByTime(5_000)
    await removal
    stubborn.close()
  })
})

describe('idb state: tabs', () => {
  it('hears of another tab at once by its hint', async () => { // F-21
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const namespace = freshNamespace()
    const [writer, follower] = [openTab(namespace), openTab(namespace)]
    const changes = await watchFromNow(follower)
    const next = changes.next()
    while (vi.getTimerCount() === 0) await anotherTask()
    await put(writer, 'a', 1)
    expect((await next).value).toMatchObject({ entries: [{ key: 'a', value: 1 }] })
  })

  it('finds out by itself when the hint is lost', async () => { // F-21
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    vi.spyOn(BroadcastChannel.prototype, 'postMessage').mockImplementation(() => undefined)
    const namespace = freshNamespace()
    const [writer, follower] = [openTab(namespace), openTab(namespace)]
    const changes = await watchFromNow(follower)
    const next = changes.next()
    while (vi.getTimerCount() === 0) await anotherTask()
    await put(writer, 'a', 1)
    vi.advanceTimersByTime(3_000)
    expect((await next).value).toMatchObject({ entries: [{ key: 'a', value: 1 }] })
  })

  it('closes a tab that missed the hint of a removal', async () => { // F-21 F-89
    vi.spyOn(BroadcastChannel.prototype, 'postMessage').mockImplementation(() => undefined)
    const namespace = freshNamespace()
    const [one, two] = [openTab(namespace), openTab(namespace)]
    await put(one, 'a', 1)
    await two.get(['a'])
    await one.destroy()
    await expect(two.get(['a'])).rejects.toMatchObject({ code: 'CLOSED' })
    expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain(`bse:${namespace}`)
  })

  it('resets a watcher of a database that was made anew', async () => { // F-26
    const namespace = freshNamespace()
    const first = openTab(namespace)
    await put(first, 'a', 1)
    const { value } = await (await watchIterator(first, undefined)).next()
    await first.destroy()
    const second = openTab(namespace)
    for (const key of ['b', 'c', 'd']) await put(second, key, 1)
    expect((await (await watchIterator(second, value.seq)).next()).value).toMatchObject({ reset: true })
  })

  it('works where there is no BroadcastChannel', async () => {
    vi.stubGlobal('BroadcastChannel', undefined)
    const store = openTab(freshNamespace())
    const changes = await watchFromNow(store)
    await put(store, 'a', 1)
    expect((await changes.next()).value).toMatchObject({ entries: [{ key: 'a', value: 1 }] })
  })
})

async function watchIterator(store: StateStore, since: number | undefined): Promise<AsyncIterator<{ readonly seq: number }>> {
  return store.watch(since, { signal: new AbortController().signal })[Symbol.asyncIterator]()
}

async function watchFromNow(store: StateStore): Promise<AsyncIterator<{ readonly seq: number }>> {
  const changes = await watchIterator(store, undefined)
  await changes.next()
  return changes
}

/** Lets the browser work on; timers are faked here. */
function anotherTask(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port1.onmessage = () => resolve()
    port2.postMessage(undefined)
  })
}
