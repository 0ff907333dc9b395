import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSyncEngine, hasCode, type SyncEngine } from '../../src/index.ts'
import { memoryCache } from '../../src/memory/index.ts'
import { BseError, type CacheFactory, type PlatformStorage, type StateFactory } from '../../src/provider/index.ts'
import { prefixRange } from '../../src/state/keys.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, openTab, schema, type Device, type TabOptions, type TestEngine } from './harness.ts'

const SIZE = 10_000
const WITHIN = { timeout: 45_000 }
const open: TestEngine[] = []

function tab(device: Device, remote: FakeRemote, options?: TabOptions): TestEngine {
  const engine = openTab(device, remote, options)
  open.push(engine)
  return engine
}

afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close()
})

/** Photos that the server has, oldest first. */
async function syncedPhotos(sync: TestEngine, count: number, from = 0): Promise<readonly string[]> {
  const ids: string[] = []
  for (let n = from; n < from + count; n += 1) {
    const write = sync.photos.insert({ title: `photo ${n}`, image: image(SIZE, n + 1) })
    ids.push((await write).id)
    await write.synced
  }
  return ids
}

/** A cache with room for so many bytes, like a disk that gets full. */
function smallCache(roomBytes: number): { readonly factory: CacheFactory; fail: BseError | undefined } {
  const inner = memoryCache()
  const small: { factory: CacheFactory; fail: BseError | undefined } = { fail: undefined, factory: (namespace) => {
    const store = inner(namespace)
    return {
      ...store,
      stage: async (source, options) => {
        if (small.fail !== undefined) throw small.fail
        let used = 0
        for await (const entry of store.list()) used += entry.sizeBytes
        const bytes = source instanceof Blob ? source.size : SIZE
        if (used + bytes > roomBytes) throw new BseError('STORAGE_FULL', 'small: full', { neededBytes: bytes, availableBytes: roomBytes - used })
        return store.stage(source, options)
      },
    }
  } }
  return small
}

describe('the cache of an engine', () => {
  // R-130 R-131 R-132 R-043
  it('tells how much is used, how much is left, how many blobs there are and how many wait for their upload', async () => {
    const remote = new FakeRemote()
    const sync = tab(newDevice(), remote, { cache: { maxSize: '100KB' } })
    await syncedPhotos(sync, 3)
    expect(await sync.cache.stats()).toEqual({ used: 3 * SIZE, available: 70_000, items: 3, pending: 0 })
  })

  // R-004 R-044 R-050 R-051 R-148 R-149 R-173 R-191 R-192
  it('warns, and then lets go of what was looked at longest ago; its rows stay and it comes back when somebody looks', async () => {
    const remote = new FakeRemote()
    const sync = tab(newDevice(), remote, { cache: { maxSize: 100_000 } })
    const warnings: { used: number; available: number }[] = []
    const evicted: string[] = []
    sync.on('cacheWarning', (room) => void warnings.push(room))
    sync.on('cacheEviction', ({ items }) => evicted.push(...items.flatMap(({ rows }) => rows.map(({ id }) => id))))
    const ids = await syncedPhotos(sync, 9)
    await vi.waitFor(() => expect(warnings).toHaveLength(1))
    expect(evicted).toEqual([])
    const [first] = await sync.photos.where({ title: 'photo 0' }).get()
    await sync.blobs.get(first?.image ?? 'sha256:')
    await syncedPhotos(sync, 1, 9)
    await vi.waitFor(() => expect(evicted).toEqual([ids[1], ids[2]]))
    expect((await sync.cache.stats()).used).toBe(8 * SIZE)
    const gone = await sync.photos.get(ids[1] ?? '')
    expect((await sync.blobs.get(gone?.image ?? 'sha256:'))?.size).toBe(SIZE)
  })

  //
  it('lets nothing go by itself where the app does it by hand', async () => {
    const remote = new FakeRemote()
    const sync = tab(newDevice(), remote, { cache: { maxSize: 20_000, eviction: 'manual' } })
    const warned = new Promise((resolve) => sync.on('cacheWarning', resolve))
    await syncedPhotos(sync, 4)
    expect(await warned).toMatchObject({ available: 0 })
    expect((await sync.cache.stats()).items).toBe(4)
  })

  // R-134 R-135 F-31
  it('lets go by hand of what servers have, and of nothing else', async () => {
    const remote = new FakeRemote()
    const sync = tab(newDevice(), remote)
    const [kept = '', gone = ''] = await syncedPhotos(sync, 2)
    remote.fault = () => 'fail-before'
    const { id } = await sync.photos.insert({ title: 'mine alone', image: image(SIZE, 99) })
    expect(await sync.cache.evict([gone, id, 'no such row'])).toEqual({ evicted: [expect.objectContaining({ size: SIZE })], kept: 1 })
    expect((await sync.cache.clear()).kept).toBe(1)
    expect(await sync.cache.stats()).toMatchObject({ items: 1, used: SIZE, pending: 1 })
    const mine = await sync.photos.get(id)
    expect((await sync.blobs.get(mine?.image ?? 'sha256:'))?.size).toBe(SIZE)
    expect(await sync.photos.get(kept)).toBeDefined()
    remote.fault = () => 'pass'
  })

  // R-004 R-133 R-185
  it('brings blobs here before anybody looks, by row, by query or by hash, and stops where others would have to go', async () => {
    const remote = new FakeRemote()
    const author = tab(newDevice(), remote)
    const ids = await syncedPhotos(author, 6)
    const reader = tab(newDevice(), remote, { cache: { maxSize: 50_000 } })
    await vi.waitFor(async () => expect(await reader.photos.count()).toBe(6))
    expect(await reader.cache.prefetch(ids.slice(0, 2))).toEqual({ fetched: 2, present: 0, skipped: 0, failed: 0 })
    expect(await reader.cache.prefetch(reader.photos.orderBy('title').limit(3))).toEqual({ fetched: 1, present: 2, skipped: 0, failed: 0 })
    const last = await reader.photos.get(ids[3] ?? '')
    expect(await reader.cache.prefetch(last?.image.hash ?? '')).toMatchObject({ fetched: 1 })
    expect(await reader.cache.prefetch(ids)).toMatchObject({ present: 4, skipped: 2 })
    remote.fault = () => 'fail-before'
    await reader.cache.clear()
    expect(await reader.cache.prefetch(ids[0] ?? '')).toMatchObject({ failed: 1 })
    remote.fault = () => 'pass'
  })

  // X-005, the policy `pinned`
  it('keeps what a pinned column names, whatever its limit says, and fetches it only when it is used', async () => {
    const remote = new FakeRemote()
    const device = newDevice()
    const pinning = { images: { id: 'string', scan: { type: 'blob', replica: 'pinned' }, preview: { type: 'blob', replica: 'on-demand' } } } as const
    const sync = createSyncEngine({
      name: 'pinned', schema: pinning, state: device.state, cache: { backend: device.cache, inlineMaxBytes: 0, maxSize: 60_000 }, blobs: fakeBlobs(remote), data: fakeData(remote),
    })
    const evicted: unknown[] = []
    sync.on('cacheEviction', ({ items }) => evicted.push(...items.flatMap(({ rows }) => rows.map(({ id, column }) => `${id} ${column}`))))
    for (const n of [1, 2, 3]) await sync.images.insert({ id: `${n}`, scan: image(SIZE, n), preview: image(SIZE, n + 10) }).synced
    await vi.waitFor(() => expect(evicted).toEqual(['1 preview', '2 preview']))
    expect((await sync.cache.stats()).used).toBe(4 * SIZE)
    const scan = (await sync.images.get('1'))?.scan
    await sync.cache.evict(scan?.hash ?? '')
    expect((await sync.cache.stats()).used).toBe(3 * SIZE)
    expect((await sync.blobs.get(scan ?? 'sha256:'))?.size).toBe(SIZE)
    await sync.close()
  })

  // X-005, the policy `all`
  it('brings everything here that a column kept whole names, beyond the limit of the cache, and does not fetch back what is let go of', async () => {
    const remote = new FakeRemote()
    const whole = { images: { id: 'string', scan: { type: 'blob', replica: 'all' }, preview: { type: 'blob', optional: true } } } as const
    const device = (maxSize: number): SyncEngine<typeof whole> => {
      const { state, cache } = newDevice()
      return createSyncEngine({ name: `whole-${maxSize}`, schema: whole, state, cache: { backend: cache, inlineMaxBytes: 0, maxSize }, blobs: fakeBlobs(remote), data: fakeData(remote) })
    }
    const author = device(1_000_000)
    const write = (n: number): Promise<unknown> => author.images.insert({ id: `${n}`, scan: image(SIZE, n), preview: image(SIZE, n + 50) }).synced
    for (const n of [1, 2, 3, 4, 5]) await write(n)
    let opens = 0
    remote.fault = (name) => {
      if (name === 'open') opens += 1
      return 'pass'
    }
    const reader = device(30_000)
    await vi.waitFor(async () => expect(await reader.cache.stats()).toMatchObject({ items: 5, used: 5 * SIZE }), WITHIN)
    await write(6)
    await vi.waitFor(async () => expect((await reader.cache.stats()).items).toBe(6), WITHIN)
    expect(await reader.cache.evict('2')).toMatchObject({ kept: 0, evicted: [{ size: SIZE }] })
    await write(7)
    await vi.waitFor(async () => expect((await reader.cache.stats()).items).toBe(6), WITHIN)
    expect(opens).toBe(7)
    const second = await reader.images.get('2')
    expect((await reader.blobs.get(second?.scan ?? 'sha256:'))?.size).toBe(SIZE)
    expect(opens).toBe(8)
    await Promise.all([author.close(), reader.close()])
  })

  // R-048 R-049 R-185
  it('fetches the blobs of what is in view, without evicting others, unless the app says not to', async () => {
    const remote = new FakeRemote()
    const ids = await syncedPhotos(tab(newDevice(), remote), 6)
    const still = tab(newDevice(), remote, { cache: { prefetch: { enabled: false } } })
    const reader = tab(newDevice(), remote, { cache: { maxSize: 50_000, prefetch: { strategy: 'visible' } } })
    for (const engine of [still, reader]) await vi.waitFor(async () => expect(await engine.photos.count()).toBe(6))
    const evicted: unknown[] = []
    reader.on('cacheEviction', (items) => evicted.push(items))
    const told = vi.fn()
    reader.cache.subscribe(told)
    still.cache.visible(ids)()
    const leaveStill = still.cache.visible(ids)
    reader.cache.visible(ids[0] ?? '')()
    const leave = reader.cache.visible(ids)
    await vi.waitFor(async () => expect((await reader.cache.stats()).items).toBe(4))
    await vi.waitFor(() => expect(told).toHaveBeenCalled())
    expect(await reader.cache.prefetch(ids)).toEqual({ fetched: 0, present: 4, skipped: 2, failed: 0 })
    leave()
    leaveStill()
    expect((await still.cache.stats()).items).toBe(0)
    expect(evicted).toEqual([])
  })

  it('fetches what is in view once the network is back', async () => {
    const remote = new FakeRemote()
    const ids = await syncedPhotos(tab(newDevice(), remote), 1)
    const reader = tab(newDevice(), remote)
    await vi.waitFor(async () => expect(await reader.photos.count()).toBe(1))
    let opens = 0
    remote.fault = (call) => {
      if (call === 'open') opens += 1
      return 'fail-before'
    }
    reader.cache.visible(ids)
    await vi.waitFor(() => expect(opens).toBe(1))
    const [photo] = await reader.photos.where({}).get()
    expect(await reader.blobs.get(photo?.image ?? 'sha256:')).toBeNull()
    expect(reader.status.getSnapshot().online).toBe(false)
    remote.fault = () => 'pass'
    await reader.photos.insert({ title: 'the first to hear of the network', image: image(10) })
    await vi.waitFor(async () => expect((await reader.cache.stats()).used).toBe(SIZE + 10))
  })

  it('ends a prefetch with the reason of its signal', async () => {
    const remote = new FakeRemote()
    const sync = tab(newDevice(), remote)
    const ids = await syncedPhotos(sync, 1)
    const reason = new Error('left the page')
    await expect(sync.cache.prefetch(ids, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  // R-052 R-136 R-137
  it('keeps what is dear to the person, in later sessions and with another picture too', async () => {
    const remote = new FakeRemote()
    const device = newDevice()
    const first = openTab(device, remote, { name: 'dear' })
    const [dear = ''] = await syncedPhotos(first, 1)
    await first.cache.setPriority(dear, 'high')
    await expect(first.cache.setPriority(dear, 'highest' as 'high')).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
    await first.photos.update(dear, { image: image(SIZE, 77) }).synced
    await first.close()

    const second = tab(device, remote, { name: 'dear', cache: { maxSize: 40_000 } })
    await syncedPhotos(second, 6, 1)
    await vi.waitFor(async () => expect((await second.cache.stats()).items).toBeLessThan(5))
    expect(await second.cache.prefetch(dear)).toMatchObject({ present: 1 })
  })
})

describe('a device that is full', () => {
  function onSmallDevice(small: CacheFactory, remote: FakeRemote, eviction: 'lru' | 'manual' = 'lru'): TestEngine {
    const device = newDevice()
    const engine = createSyncEngine({
      name: `small-${crypto.randomUUID()}`, schema, state: device.state, cache: { backend: small, inlineMaxBytes: 0, eviction },
      blobs: fakeBlobs(remote), data: fakeData(remote),
    })
    open.push(engine)
    return engine
  }

  // F-23 F-24
  it('makes room by what servers have, and the write goes through', async () => {
    const remote = new FakeRemote()
    const sync = onSmallDevice(smallCache(3 * SIZE).factory, remote)
    const ids = await syncedPhotos(sync, 5)
    expect(await sync.photos.count()).toBe(5)
    const first = await sync.photos.get(ids[0] ?? '')
    expect((await sync.blobs.get(first?.image ?? 'sha256:'))?.size, 'fetched again').toBe(SIZE)
  })

  // F-28
  it('says what it needs and what cannot go when nothing may', async () => {
    const remote = new FakeRemote()
    const sync = onSmallDevice(smallCache(3 * SIZE).factory, remote)
    remote.fault = () => 'fail-before'
    for (const n of [1, 2, 3]) await sync.photos.insert({ title: `offline ${n}`, image: image(SIZE, n) })
    await expect(sync.photos.insert({ title: 'too much', image: image(SIZE, 4) })).rejects.toMatchObject({
      code: 'STORAGE_FULL', details: { neededBytes: SIZE, pinnedBytes: 3 * SIZE },
    })
    expect(await sync.photos.count()).toBe(3)
    remote.fault = () => 'pass'
  })

  it('evicts nothing for any other failure, and nothing where the app evicts by hand', async () => {
    const remote = new FakeRemote()
    const broken = smallCache(10 * SIZE)
    const sync = onSmallDevice(broken.factory, remote)
    await syncedPhotos(sync, 2)
    broken.fail = new BseError('STORAGE_FAILED', 'broken', { store: 'small' })
    await expect(sync.photos.insert({ title: 'a', image: image(SIZE, 50) })).rejects.toSatisfy((error) => hasCode(error, 'STORAGE_FAILED'))
    expect((await sync.cache.stats()).items).toBe(2)

    const manual = onSmallDevice(smallCache(2 * SIZE).factory, remote, 'manual')
    await vi.waitFor(async () => expect(await manual.photos.count()).toBe(2))
    await manual.cache.prefetch(manual.photos.where({}))
    await expect(manual.photos.insert({ title: 'a', image: image(SIZE, 51) })).rejects.toSatisfy((error) => hasCode(error, 'STORAGE_FULL'))
    expect((await manual.cache.stats()).items).toBe(2)
  })
})

/** State that has no room for more than so many bytes of small blobs. */
function smallState(inner: StateFactory, roomBytes: number): StateFactory {
  return (namespace) => {
    const store = inner(namespace)
    return {
      ...store,
      update: async (read, decide, options) => {
        let used = 0
        for await (const page of store.read(prefixRange('bytes/'))) for (const { value } of page) used += (value as Uint8Array).byteLength
        return store.update(read, (get) => {
          const decided = decide(get)
          const more = decided.ops.reduce((sum, op) => sum + ('put' in op && op.value instanceof Uint8Array ? op.value.byteLength : 0), 0)
          if (more > 0 && used + more > roomBytes) throw new BseError('STORAGE_FULL', 'small: full', { neededBytes: more, availableBytes: roomBytes - used })
          return decided
        }, options)
      },
    }
  }
}

describe('records that are full', () => {
  // F-23: small blobs ride in the commit, which then is what has no room
  it('make room by small blobs that servers have, and say what they need when nothing may go', async () => {
    const remote = new FakeRemote()
    const device = newDevice()
    const sync = tab({ ...device, state: smallState(device.state, 3 * SIZE) }, remote, { inlineMaxBytes: 64_000 })
    const ids = await syncedPhotos(sync, 5)
    const first = await sync.photos.get(ids[0] ?? '')
    expect((await sync.blobs.get(first?.image ?? 'sha256:'))?.size, 'fetched again').toBe(SIZE)
    remote.fault = () => 'fail-before'
    for (const n of [1, 2, 3]) await sync.photos.insert({ title: `offline ${n}`, image: image(SIZE, 20 + n) })
    await expect(sync.photos.insert({ title: 'too much', image: image(SIZE, 30) })).rejects.toMatchObject({ code: 'STORAGE_FULL', details: { pinnedBytes: 3 * SIZE } })
    expect(await sync.photos.count()).toBe(8)
    remote.fault = () => 'pass'
  })

  it('are not waited for by a write that has brought in again what would have to go', async () => {
    const remote = new FakeRemote()
    const device = newDevice()
    let refuses = 0
    const state: StateFactory = (namespace) => {
      const store = device.state(namespace)
      return {
        ...store,
        update: (read, decide, options) => {
          if (options.durability !== 'strict' || refuses === 0) return store.update(read, decide, options)
          refuses -= 1
          return Promise.reject(new BseError('STORAGE_FULL', 'full', { neededBytes: undefined, availableBytes: 0 }))
        },
      }
    }
    const sync = tab({ ...device, state }, remote, { inlineMaxBytes: 0 })
    const evicted: number[] = []
    sync.on('cacheEviction', ({ items }) => evicted.push(...items.flatMap(({ rows }) => rows.map(({ id }) => ids.indexOf(id)))))
    const ids = await syncedPhotos(sync, 2)
    refuses = 1
    await sync.photos.insert({ title: 'the first once more', image: image(SIZE, 1) }).synced
    expect(evicted).toEqual([1])
  })
})

describe('a browser that clears storage', () => {
  async function hasImage(sync: TestEngine, title: string): Promise<number | undefined> {
    const [photo] = await sync.photos.where({ title }).get()
    return (await sync.blobs.get(photo?.image ?? 'sha256:'))?.size
  }

  // F-27 F-8: only the files
  it('of its files is found out by the next tab: what servers have comes back, what they had not is said to be lost, and its row stays', async () => {
    const remote = new FakeRemote()
    const device = newDevice()
    const before = openTab(device, remote, { name: 'files' })
    await syncedPhotos(before, 3)
    remote.fault = () => 'fail-before'
    await before.photos.insert({ title: 'mine alone', image: image(SIZE, 99) })
    await before.close()
    const after = tab({ ...device, cache: memoryCache() }, remote, { name: 'files' })
    const [told, lost]: [unknown[], string[]] = [[], []]
    after.on('storageLost', (loss) => told.push(loss))
    after.on('blobLost', ({ rows }) => lost.push(...rows.map(({ table }) => table)))
    await vi.waitFor(() => expect(told).toEqual([{ part: 'cache', mutations: 0, uploads: 1 }]), WITHIN)
    expect(lost).toEqual(['photos'])
    await vi.waitFor(async () => expect(await after.cache.stats()).toMatchObject({ used: 0, items: 0 }), WITHIN)
    remote.fault = () => 'pass'
    expect(await hasImage(after, 'photo 1')).toBe(SIZE)
    expect(await after.photos.count()).toBe(4)
  })

  // F-27: only the records
  it('of its records has its files taken over, those that are right, without fetching them', async () => {
    const remote = new FakeRemote()
    const device = newDevice()
    const before = openTab(device, remote, { name: 'records' })
    await syncedPhotos(before, 3)
    const rotten = (await before.photos.where({ title: 'photo 2' }).get())[0]?.image.hash ?? 'sha256:'
    await before.close()
    const store = device.cache('shared')
    await store.delete(rotten)
    await store.publish({ ...(await store.stage(new Blob(['other bytes']))), hash: rotten })
    let opens = 0
    remote.fault = (call) => {
      if (call === 'open') opens += 1
      return 'pass'
    }
    const after = tab({ ...device, state: newDevice().state }, remote, { name: 'records' })
    await vi.waitFor(async () => expect(await after.photos.count()).toBe(3), WITHIN)
    expect([await hasImage(after, 'photo 0'), await hasImage(after, 'photo 1'), opens]).toEqual([SIZE, SIZE, 0])
    expect([await hasImage(after, 'photo 2'), opens]).toEqual([SIZE, 1])
    expect(await after.cache.stats()).toMatchObject({ used: 3 * SIZE, items: 3 })
    expect(await after.cache.clear()).toMatchObject({ kept: 0 })
  })

  it('keeps a file that it takes over while no server can be asked about it', async () => {
    const remote = new FakeRemote()
    const device = newDevice()
    const before = openTab(device, remote, { name: 'alone' })
    await syncedPhotos(before, 1)
    await before.close()
    const after = tab({ ...device, state: newDevice().state }, remote, { name: 'alone' })
    await vi.waitFor(async () => expect(await after.photos.count()).toBe(1), WITHIN)
    remote.fault = () => 'fail-before'
    expect(await hasImage(after, 'photo 0')).toBe(SIZE)
    expect(await after.cache.clear()).toMatchObject({ evicted: [], kept: 1 })
    remote.fault = () => 'pass'
  })

  // F-26: all of it, while the page is open
  it('of everything is told by the page that is open, whose statistics count nothing that is gone', async () => {
    const remote = new FakeRemote()
    const device = newDevice()
    const [first, second] = [device, newDevice()]
    const swapping = swappable(first, second)
    const sync = tab(swapping.device, remote)
    await syncedPhotos(sync, 3)
    expect(await sync.cache.stats()).toMatchObject({ used: 3 * SIZE })
    const told: unknown[] = []
    sync.on('storageLost', (loss) => told.push(loss))
    swapping.swap()
    await vi.waitFor(() => expect(told).toEqual([{ part: 'state', mutations: 0, uploads: 0 }]), WITHIN)
    await vi.waitFor(async () => expect(await sync.cache.stats()).toMatchObject({ used: 0, items: 0 }), WITHIN)
    await vi.waitFor(async () => expect(await sync.photos.count()).toBe(3), WITHIN)
    await vi.waitFor(async () => expect(await hasImage(sync, 'photo 0')).toBe(SIZE), WITHIN)
    await sync.photos.insert({ title: 'after', image: image(SIZE, 70) }).synced
    expect(await sync.photos.count()).toBe(4)
  })
})

/** A device that, once swapped, is another one: empty. The feed of its state breaks then, as a browser's does. */
function swappable(before: Device, after: Device): { readonly device: Device; swap(): void } {
  let now = before
  let removed = new AbortController()
  const state: StateFactory = (namespace) => ({
    ...before.state(namespace),
    get: (keys) => now.state(namespace).get(keys),
    read: (range, options) => now.state(namespace).read(range, options),
    update: (read, decide, options) => now.state(namespace).update(read, decide, options),
    watch: (since, options) => now.state(namespace).watch(since, { ...options, signal: AbortSignal.any([options?.signal ?? removed.signal, removed.signal]) }),
  })
  const cache: CacheFactory = (namespace) => ({
    ...before.cache(namespace),
    stage: (source, options) => now.cache(namespace).stage(source, options), publish: (staged) => now.cache(namespace).publish(staged),
    get: (hash) => now.cache(namespace).get(hash), delete: (hash) => now.cache(namespace).delete(hash), discard: (stageId) => now.cache(namespace).discard(stageId),
  })
  return {
    device: { ...before, state, cache },
    swap: () => {
      now = after
      const old = removed
      removed = new AbortController()
      old.abort()
    },
  }
}

describe('the storage of the platform', () => {
  // F-25
  it.each([
    ['fails', async () => Promise.reject(new Error('no'))],
    ['says nothing that makes sense', async () => ({ usageBytes: Number.NaN, quotaBytes: Number.NaN })],
    ['says that there is no room at all', async () => ({ usageBytes: 0, quotaBytes: 0 })],
    ['says that there is no end of it', async () => ({ usageBytes: 0, quotaBytes: Infinity })],
  ])('that %s leaves the limit of the app', async (_, estimate: PlatformStorage['estimate']) => {
    const remote = new FakeRemote()
    const sync = tab(newDevice(), remote, { cache: { maxSize: 100_000 }, storage: { estimate, persist: async () => false } })
    await syncedPhotos(sync, 2)
    expect(await sync.cache.stats()).toMatchObject({ used: 2 * SIZE, available: 80_000 })
  })


  //
  it.each([true, false])('is asked to persist once, or never: %s', async (persist) => {
    const asked = vi.fn(async () => true)
    const device = newDevice()
    const durable: Device = { ...device, state: (namespace) => ({ ...device.state(namespace), durable: true }) }
    const sync = tab(durable, new FakeRemote(), { cache: { persist }, storage: { estimate: async () => ({ usageBytes: 0, quotaBytes: 1e9 }), persist: asked } })
    await sync.ready
    await sync.cache.stats()
    expect(asked).toHaveBeenCalledTimes(persist ? 1 : 0)
    expect(sync.status.getSnapshot().persisted).toBe(persist ? true : undefined)
  })

  // R-004 R-055 R-172
  it('bounds the cache where it has less room than the app allows', async () => {
    const remote = new FakeRemote()
    const sync = tab(newDevice(), remote, { storage: { estimate: async () => ({ usageBytes: 70_000, quotaBytes: 90_000 }), persist: async () => false } })
    await syncedPhotos(sync, 1)
    expect((await sync.cache.stats()).available).toBe(20_000)
  })
})
