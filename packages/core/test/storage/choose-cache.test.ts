import { describe, expect, it } from 'vitest'
import { memoryCache, memoryLocks, memoryState } from '../../src/memory/index.ts'
import { BseError, type CacheFactory, type CacheStore, type StateFactory } from '../../src/provider/index.ts'
import { openStorage, type Storage, type StorageFallback } from '../../src/storage/open-storage.ts'
import { CACHE_KEY } from '../../src/state/keys.ts'

/** A durable store by this name, as far as the choice can tell. */
function durable(name: string, bytes: CacheFactory = memoryCache()): CacheFactory {
  return (namespace) => ({ ...bytes(namespace), name, durable: true })
}

function failing(name: string, error: unknown, closed: () => void = () => undefined): CacheFactory {
  const fail = (): Promise<never> => Promise.reject(error)
  return (namespace) => ({ ...memoryCache()(namespace), name, durable: true, get: fail, stage: fail, close: async () => closed() })
}

const refused = new BseError('STORAGE_FAILED', 'no', { store: 'first' }, { cause: new DOMException('denied', 'SecurityError') })
const hash = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

function open(state: StateFactory, ...caches: readonly CacheFactory[]): Storage & { readonly fallbacks: readonly StorageFallback[] } {
  const fallbacks: StorageFallback[] = []
  const storage = openStorage({ namespace: 'n', state, caches, locks: memoryLocks(), onFallback: (fallback) => fallbacks.push(fallback) })
  return { ...storage, fallbacks }
}

async function put(cache: CacheStore, text: string): Promise<void> {
  await cache.publish(await cache.stage(new Blob([text])))
}

// F-31 R-171
describe('a list of caches', () => {
  it('gives the first when it works, and says nothing', async () => {
    const storage = open(memoryState(), durable('first'), durable('second'))
    await storage.open()
    expect([storage.cache.name, storage.cache.durable, storage.fallbacks]).toEqual(['first', true, []])
  })

  it('passes over what fails, closes it and says so', async () => {
    let closed = false
    const storage = open(memoryState(), failing('first', refused, () => { closed = true }), durable('second'))
    await storage.open()
    await put(storage.cache, 'abc')
    expect(await (await storage.cache.get(hash))?.text()).toBe('abc')
    expect(storage.fallbacks).toEqual([{ part: 'cache', from: 'first', to: 'second', durable: true, error: refused }])
    expect(closed).toBe(true)
  })

  it('says when what is left does not outlive the page', async () => {
    const storage = open(memoryState(), failing('first', refused), memoryCache())
    await storage.open()
    expect(storage.cache.durable).toBe(false)
    expect(storage.fallbacks).toMatchObject([{ to: 'memory', durable: false }])
  })

  it('does not pass over a store that a newer version has written', async () => {
    const tooNew = new BseError('SCHEMA_TOO_NEW', 'newer', { found: 2, known: 1 })
    const storage = open(memoryState(), failing('first', tooNew), durable('second'))
    await storage.open()
    await expect(storage.cache.stage(new Blob(['x']))).rejects.toBe(tooNew)
  })

  it('fails with the error of the first when none works', async () => {
    const other = new BseError('STORAGE_FAILED', 'neither', { store: 'second' })
    const storage = open(memoryState(), failing('first', refused), failing('second', other))
    await storage.open()
    await expect(storage.cache.stage(new Blob(['x']))).rejects.toBe(refused)
    expect(storage.fallbacks).toEqual([])
  })
})

// What the ledger calls present must be found, or not looked for at all: it would be taken for lost.
describe('a device that has bytes', () => {
  it('stays with their store when an earlier one of the list works again', async () => {
    const [state, bytes] = [memoryState(), memoryCache()]
    const before = open(state, failing('first', refused), durable('second', bytes))
    await put(before.cache, 'abc')
    const after = open(state, durable('first'), durable('second', bytes))
    expect(await (await after.cache.get(hash))?.text()).toBe('abc')
    expect(after.cache.name).toBe('second')
  })

  it('does not turn to another store when its own fails', async () => {
    const state = memoryState()
    await put(open(state, durable('first'), durable('second')).cache, 'abc')
    const after = open(state, failing('first', refused), durable('second'))
    await expect(after.cache.get(hash)).rejects.toBe(refused)
  })

  it('refuses a configuration without that store', async () => {
    const state = memoryState()
    await put(open(state, durable('first')).cache, 'abc')
    const invalid = { code: 'CONFIG_INVALID', details: { option: 'cache.backend' } }
    await expect(open(state, durable('second')).open()).rejects.toMatchObject(invalid)
    await expect(open(state, durable('second'), durable('third')).cache.get(hash)).rejects.toMatchObject(invalid)
  })

  it('may choose anew while nothing was staged', async () => {
    const state = memoryState()
    await open(state, durable('first')).open()
    const storage = open(state, durable('second'))
    await storage.open()
    expect(storage.cache.name).toBe('second')
  })

  it('stages nothing before it is written down where, and tries that again', async () => {
    const real = memoryState()
    let full = true
    const state: StateFactory = (namespace) => {
      const store = real(namespace)
      return { ...store, update: (...call) => (full ? Promise.reject(new BseError('STORAGE_FULL', 'full', { neededBytes: 1, availableBytes: 0 })) : store.update(...call)) }
    }
    const storage = open(state, durable('first'))
    await storage.open()
    await expect(put(storage.cache, 'abc')).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    full = false
    await put(storage.cache, 'abc')
    expect(await storage.state.get([CACHE_KEY])).toEqual(['first'])
  })

  it('is asked to reload when two tabs chose differently', async () => {
    const state = memoryState()
    const [one, two] = [open(state, durable('first'), durable('second')), open(state, failing('first', refused), durable('second'))]
    await Promise.all([one.open(), two.open()])
    await put(one.cache, 'abc')
    await expect(put(two.cache, 'abc')).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { store: 'second' } })
  })
})
