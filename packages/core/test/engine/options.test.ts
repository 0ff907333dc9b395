import { afterEach, describe, expect, it } from 'vitest'
import { createSyncEngine, DEFAULTS, platformEnvironment, type SyncEngineOptions } from '../../src/index.ts'
import { memoryCache, memoryState } from '../../src/memory/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, openTab, schema } from './harness.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0
function options(): SyncEngineOptions<typeof schema> {
  const remote = new FakeRemote()
  return { name: `options-${(engines += 1)}`, schema, state: memoryState(), cache: { backend: memoryCache() }, blobs: fakeBlobs(remote), data: fakeData(remote) }
}

function refusal(changed: Readonly<Record<string, unknown>>): string | undefined {
  try {
    open.push(createSyncEngine({ ...options(), ...changed } as SyncEngineOptions<typeof schema>))
    return undefined
  } catch (error) {
    return (error as { readonly code?: string; readonly details?: { readonly option?: string } }).code === 'CONFIG_INVALID'
      ? (error as { readonly details: { readonly option: string } }).details.option
      : String(error)
  }
}

describe('the options of an engine', () => {
  it('may leave out every value, and those in use are then the defaults', () => {
    expect(refusal({})).toBeUndefined()
    expect(DEFAULTS).toMatchObject({ 'name': 'bse', 'cache.inlineMaxBytes': 64_000, 'offline.retryStrategy.maxAttempts': 5, 'offline.retryStrategy.backoff': 'exponential' })
  })

  it.each([
    ['cahce', { cahce: {} }],
    ['cache.backnd', { cache: { backend: memoryCache(), backnd: 1 } }],
    ['offline.retryStrategy.attempts', { offline: { retryStrategy: { attempts: 1 } } }],
    ['toString', { toString: 1 }],
  ])('refuses %s, which is no option', (option, changed) => {
    expect(refusal(changed)).toBe(option)
  })

  it.each([
    ['name', { name: 'a/b' }],
    ['name', { name: '' }],
    ['name', { name: 7 }],
    ['schema', { schema: undefined }],
    ['data', { data: {} }],
    ['data', { data: null }],
    ['data', { data: 'electric-sql' }],
    ['blobs', { blobs: undefined }],
    ['cache.prefetch.strategy', { cache: { backend: memoryCache(), prefetch: { strategy: 'all' } } }],
    ['cache.prefetch.enabled', { cache: { backend: memoryCache(), prefetch: { enabled: 1 } } }],
    ['cache', { cache: 'opfs' }],
    ['cache', { cache: null }],
    ['cache.backend', { cache: {} }],
    ['cache.backend', { cache: { backend: [] } }],
    ['cache.backend', { cache: { backend: [memoryCache(), 'idb'] } }],
    ['cache.inlineMaxBytes', { cache: { backend: memoryCache(), inlineMaxBytes: -1 } }],
    ['cache.inlineMaxBytes', { cache: { backend: memoryCache(), inlineMaxBytes: '64 apples' } }],
    ['cache.inlineMaxBytes', { cache: { backend: memoryCache(), inlineMaxBytes: null } }],
    ['offline', { offline: true }],
    ['offline.retryStrategy', { offline: { retryStrategy: 5 } }],
    ['offline.retryStrategy.maxAttempts', { offline: { retryStrategy: { maxAttempts: 0 } } }],
    ['offline.retryStrategy.maxAttempts', { offline: { retryStrategy: { maxAttempts: 2.5 } } }],
    ['offline.retryStrategy.backoff', { offline: { retryStrategy: { backoff: 'linear' } } }],
    ['state', { state: {} }],
    ['auth', { auth: 'token' }],
    ['logger', { logger: { info: () => undefined } }],
    ['environment', { environment: { ...platformEnvironment(), locks: undefined } }],
  ])('refuses a %s that cannot be, before anything is opened', (option, changed) => {
    expect(refusal(changed)).toBe(option)
  })

  it.each([
    ['cache.warningThreshold', { cache: { backend: memoryCache(), warningThreshold: 0.9, criticalThreshold: 0.5 } }],
    ['cache.criticalThreshold', { cache: { backend: memoryCache(), eviction: 'manual', criticalThreshold: 0.9 } }],
    ['cache.inlineMaxBytes', { cache: { backend: memoryCache(), inlineMaxBytes: '2MB', maxSize: '1MB' } }],
    ['offline.queueUploads', { offline: { queueMutations: false, queueUploads: true } }],
    ['onConflict', { onConflict: () => 'local' }],
    ['offline.conflictResolution', { offline: { conflictResolution: 'manual' }, data: undefined }],
    ['offline.conflictResolution', { offline: { conflictResolution: 'server-wins' }, data: { ...fakeData(new FakeRemote()), capabilities: { conflicts: 'merged', acknowledges: 'replica', startsWith: 'snapshot' } } }],
    ['migrations', { schemaVersion: 2 }],
    ['blobs.mirrors', { blobs: { primary: fakeBlobs(new FakeRemote()), mirrors: [fakeBlobs(new FakeRemote())] } }],
  ])('refuses a %s that contradicts another option', (option, changed) => {
    expect(refusal(changed)).toBe(option)
  })

  it.each([
    [{ cache: { backend: memoryCache(), eviction: 'manual' } }],
    [{ cache: { backend: memoryCache(), maxSize: 1_000 } }],
    [{ offline: { queueMutations: false } }],
    [{ offline: { queueMutations: false, queueUploads: false } }],
    [{ offline: { conflictResolution: 'manual' }, onConflict: () => 'local' }],
  ])('takes %j: a default contradicts nothing', (changed) => {
    expect(refusal(changed)).toBeUndefined()
  })

  // X-018 R-043
  it.each([['1KB', 1_000], [1_000, 1_000], ['1 kB', 1_000]])('takes the size %j for %i bytes', async (inlineMaxBytes, limit) => {
    const backend = memoryCache()
    const given = { ...options(), cache: { backend, inlineMaxBytes } }
    const sync = createSyncEngine(given)
    open.push(sync)
    const [inside, beyond] = [await sync.photos.insert({ title: 'in', image: image(limit, 1) }), await sync.photos.insert({ title: 'out', image: image(limit + 1, 2) })]
    const stored = backend(given.name ?? '')
    expect(await stored.get(inside.image.hash)).toBeUndefined()
    expect((await stored.get(beyond.image.hash))?.size).toBe(limit + 1)
  })
})

describe('a new engine', () => {
  //
  it('is there at once, and keeps the order of calls that come before storage is open', async () => {
    const sync = openTab(newDevice(), new FakeRemote())
    open.push(sync)
    expect(typeof (sync as { readonly then?: unknown }).then).toBe('undefined')
    const id = '0190a0a0-0000-7000-8000-000000000001'
    const calls = [sync.albums.upsert({ id, title: 'one' }), sync.albums.update(id, { title: 'two' })]
    const read = sync.albums.get(id)
    const titles = await Promise.all(calls.map(async (call) => (await call).title))
    expect(titles.at(-1)).toBe('two')
    expect((await sync.albums.get(id))?.title).toBe('two')
    expect((await read)?.id).toBe(id)
  })

  it('is refused while this page has one of its name, and welcome after that one has closed', async () => {
    const given = options()
    const first = createSyncEngine(given)
    expect(() => createSyncEngine(given)).toThrow(expect.objectContaining({ code: 'ALREADY_OPEN', details: { name: given.name } }))
    await first.close()
    const second = createSyncEngine(given)
    open.push(second)
    await second.ready
  })

  it('is closed by the end of its block', async () => {
    const given = options()
    {
      await using sync = createSyncEngine(given)
      await sync.ready
    }
    open.push(createSyncEngine(given))
  })

  it('rejects what comes after its close, and closes once', async () => {
    const sync = createSyncEngine(options())
    await sync.ready
    await Promise.all([sync.close(), sync.close()])
    await expect(sync.albums.insert({ title: 'late' })).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
