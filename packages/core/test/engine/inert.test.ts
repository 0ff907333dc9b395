import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSyncEngine, type SyncEngineOptions } from '../../src/index.ts'
import { memoryCache, memoryState } from '../../src/memory/index.ts'
import type { BlobProvider, DataProvider } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, schema, type TestEngine } from './harness.ts'

type Options = SyncEngineOptions<typeof schema>

const unexpected = (): never => {
  throw new Error('an inert engine called an adapter')
}
/** Adapters of which only that is there by which the configuration is checked. */
const untouchable = {
  data: { connect: unexpected } as unknown as DataProvider,
  blobs: { connect: unexpected, open: unexpected, stat: unexpected, upload: unexpected } as unknown as BlobProvider,
}

function onServer(more: Partial<Options> = {}): TestEngine {
  return createSyncEngine({ name: 'server', schema, ...untouchable, cache: { backend: unexpected }, ...more })
}

const inert: unknown = expect.objectContaining({ code: 'CONFIG_INVALID', details: { option: 'state' } })

describe('an engine on a server', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it('is loading for ever, and starts nothing', () => {
    const sync = onServer()
    const live = sync.photos.where({ title: 'a' }).orderBy('takenAt').live({ includeBlobs: ['image'] })
    expect(live.getSnapshot()).toEqual({ data: [], blobUrls: {}, isLoading: true, error: undefined })
    expect(live.getSnapshot()).toBe(live.getSnapshot())
    expect(sync.status.getSnapshot()).toEqual({ online: true, paused: false, leads: false, durable: undefined, persisted: undefined, pending: [], error: undefined })
    expect(sync.status.getSnapshot()).toBe(sync.status.getServerSnapshot())
    for (const unsubscribe of [live.subscribe(unexpected), sync.status.subscribe(unexpected), sync.on('online', unexpected), sync.cache.subscribe(unexpected), sync.cache.visible('a')]) unsubscribe()
    const blob = sync.blobs.live(`sha256:${'0'.repeat(64)}`)
    blob.subscribe(unexpected)()
    expect(blob.getSnapshot().state).toBe('loading')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('refuses every write and read, and says what is missing', async () => {
    const sync = onServer()
    const calls: readonly (() => PromiseLike<unknown>)[] = [
      () => sync.photos.insert({ title: 'a', image: image(10) }), () => sync.photos.insert({ title: 'a', image: image(10) }).synced,
      () => sync.photos.update('a', { title: 'b' }), () => sync.photos.upsert({ id: 'a', title: 'a', image: image(10) }), () => sync.photos.delete('a'),
      () => sync.batch(({ photos }) => photos.delete('a')), () => sync.photos.get('a'), () => sync.photos.count(), () => sync.photos.where({}).get(),
      () => sync.photos.orderBy('title').first(), () => sync.offline.pending(), () => sync.offline.retry('a'), () => sync.offline.discard('a'),
      () => sync.blobs.get('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'), () => sync.ready,
      () => sync.cache.stats(), () => sync.cache.prefetch('a'), () => sync.cache.evict('a'), () => sync.cache.clear(), () => sync.cache.setPriority('a', 'high'),
    ]
    for (const call of calls) await expect(call(), String(call)).rejects.toEqual(inert)
  })

  it('shows nothing of a write that it refuses', async () => {
    const write = onServer().photos.insert({ title: 'a', image: image(10) })
    expect(write.row).toBeUndefined()
    await expect(write).rejects.toEqual(inert)
  })

  it('still refuses input and configuration that would be refused in a browser', async () => {
    expect(() => onServer({ name: 'a/b' })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { option: 'name' } }))
    const wrong: unknown = { title: 1 }
    await expect(onServer().photos.insert(wrong as never)).rejects.toEqual(expect.objectContaining({ code: 'VALIDATION_FAILED' }))
  })

  it('may be there many times under one name, and closes', async () => {
    const engines = Array.from({ length: 3 }, () => onServer())
    await Promise.all(engines.map((sync) => sync.close()))
    await using again = onServer()
    expect(again.photos).toBeDefined()
  })

  it('ends no process by a promise that nobody looks at', async () => {
    vi.useRealTimers()
    const unhandled = vi.fn<(reason: unknown) => void>()
    process.on('unhandledRejection', unhandled)
    const sync = onServer()
    await expect(sync.photos.insert({ title: 'a', image: image(10) }).synced).rejects.toEqual(inert)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})

describe('an engine outside of a page', () => {
  afterEach(() => vi.unstubAllGlobals())

  const cache = { backend: memoryCache() }

  it('is a real one when it is given a state store', async () => {
    const remote = new FakeRemote()
    const sync = createSyncEngine({ name: 'node', schema, cache, state: memoryState(), blobs: fakeBlobs(remote), data: fakeData(remote) })
    await sync.ready
    expect((await sync.photos.insert({ title: 'kept', image: image(10) })).title).toBe('kept')
    await sync.close()
  })

  it('is refused where there is a window but no IndexedDB and no page', () => {
    vi.stubGlobal('window', globalThis)
    const make = (): unknown => createSyncEngine({ name: 'native', schema, cache, ...untouchable })
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { option: 'state' } }))
  })
})
