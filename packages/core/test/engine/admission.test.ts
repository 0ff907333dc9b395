import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSyncEngine, DEFAULTS, type OfflineOptions } from '../../src/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, schema, tabEnvironment, type Device, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0
function engineWith(offline: OfflineOptions, { online = true, device = newDevice(), remote = new FakeRemote() }: { online?: boolean; device?: Device; remote?: FakeRemote } = {}): TestEngine {
  if (!online) remote.fault = () => 'fail-before'
  const engine = createSyncEngine({
    name: `admission-${(engines += 1)}`, schema, state: () => device.state('shared'), cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 },
    blobs: fakeBlobs(remote), data: fakeData(remote), offline,
    environment: { ...tabEnvironment(device), connectivity: { online, subscribe: () => () => undefined } },
  })
  open.push(engine)
  return engine
}

const albums = async (engine: TestEngine): Promise<readonly string[]> => (await engine.albums.where({}).get()).map(({ title }) => title).sort()

//
it('queues, with the values of the RFC, where the options are left out', () => {
  expect(DEFAULTS).toMatchObject({
    'offline.queueMutations': true, 'offline.queueUploads': true, 'offline.maxQueueSize': 1_000_000_000, 'offline.conflictResolution': 'last-write-wins',
    'offline.retryStrategy.maxAttempts': 5, 'offline.retryStrategy.backoff': 'exponential',
  })
})

describe('without a queue', () => {
  //
  it('a write rejects at once while no server answers, and nothing of it stays', async () => {
    const engine = engineWith({ queueMutations: false }, { online: false })
    const early = engine.albums.insert({ title: 'before storage was open' })
    await expect(early).rejects.toMatchObject({ code: 'OFFLINE' })
    await engine.ready
    await expect(engine.albums.insert({ title: 'x' })).rejects.toMatchObject({ code: 'OFFLINE' })
    await expect(engine.batch((tables) => tables.albums.insert({ title: 'y' }))).rejects.toMatchObject({ code: 'OFFLINE' })
    expect(await albums(engine)).toEqual([])
    expect(await engine.offline.pending()).toEqual([])
  })

  //
  it('a write goes its way while a server answers, and is kept when that ends in the middle', async () => {
    const remote = new FakeRemote()
    const engine = engineWith({ queueMutations: false }, { remote })
    await engine.albums.insert({ title: 'sent' }).synced
    remote.fault = () => 'fail-before'
    await engine.albums.insert({ title: 'met the cut' })
    await vi.waitFor(() => expect(engine.status.getSnapshot().online).toBe(false))
    await expect(engine.albums.insert({ title: 'late' })).rejects.toMatchObject({ code: 'OFFLINE' })
    expect(await engine.offline.pending()).toMatchObject([{ data: { title: 'met the cut' } }])
  })

  //
  it('of uploads, only writes that bring bytes reject', async () => {
    const engine = engineWith({ queueUploads: false }, { online: false })
    await expect(engine.photos.insert({ title: 'no', image: image(300) })).rejects.toMatchObject({ code: 'OFFLINE' })
    await engine.albums.insert({ title: 'yes' })
    expect(await albums(engine)).toEqual(['yes'])
  })

  //
  it('of nothing, everything waits', async () => {
    const engine = engineWith({ queueMutations: true, queueUploads: true }, { online: false })
    await engine.photos.insert({ title: 'waits', image: image(300) })
    expect((await engine.offline.pending()).map(({ type }) => type)).toEqual(['upload', 'insert'])
  })
})

describe('a full queue', () => {
  //
  it('refuses what would go over it, drops nothing, and takes deletions', async () => {
    const remote = new FakeRemote()
    const engine = engineWith({ maxQueueSize: '20KB' }, { online: false, remote })
    const first = await engine.photos.insert({ title: 'first', image: image(9_000, 1) })
    await engine.photos.insert({ title: 'second', image: image(9_000, 2) })
    const refused = await engine.photos.insert({ title: 'third', image: image(9_000, 3) }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'QUEUE_FULL', details: { limitBytes: 20_000 } })
    expect(await engine.photos.count()).toBe(2)
    await vi.waitFor(async () => expect(await engine.offline.pending()).toHaveLength(4))
    await engine.photos.delete(first.id)
    await vi.waitFor(async () => expect(await engine.offline.pending()).toHaveLength(2))
    const third = engine.photos.insert({ title: 'third', image: image(9_000, 3) })
    await third
    remote.fault = () => 'pass'
    await third.synced
    expect(remote.uploads).toHaveLength(2)
  })

  //
  it('counts writes that are called together, and those of an earlier session', async () => {
    const device = newDevice()
    const sizes = [1, 2, 3].map((seed) => image(9_000, seed))
    const before = engineWith({ maxQueueSize: 20_000 }, { online: false, device })
    const outcomes = await Promise.allSettled(sizes.map((file, at) => Promise.resolve(before.photos.insert({ title: `${at}`, image: file }))))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    await before.close()
    const after = engineWith({ maxQueueSize: 20_000 }, { online: false, device })
    await expect(after.photos.insert({ title: 'early', image: image(9_000, 4) })).rejects.toMatchObject({ code: 'QUEUE_FULL' })
    expect(await after.photos.count()).toBe(2)
  })

  //
  it('is full for all tabs together, also for writes of one moment', async () => {
    const device = newDevice()
    const remote = new FakeRemote()
    const tabs = [engineWith({ maxQueueSize: 20_000 }, { online: false, device, remote }), engineWith({ maxQueueSize: 20_000 }, { online: false, device, remote })]
    await Promise.all(tabs.map((tab) => tab.ready))
    const outcomes = await Promise.allSettled(tabs.flatMap((tab, at) => [1, 2].map((n) => Promise.resolve(tab.photos.insert({ title: 'x', image: image(9_000, at * 2 + n) })))))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
    expect(refused).toEqual([expect.objectContaining({ code: 'QUEUE_FULL' }), expect.objectContaining({ code: 'QUEUE_FULL' })])
    for (const tab of tabs) await vi.waitFor(async () => expect(await tab.photos.count()).toBe(2), { timeout: 45_000 })
    remote.fault = () => 'pass'
    await Promise.all(tabs.map((tab) => tab.offline.flush()))
    await vi.waitFor(() => expect(remote.rows.size).toBe(2), { timeout: 45_000 })
    expect(remote.uploads).toHaveLength(2)
  }, 60_000)

  //
  it.each([['offline.maxQueueSize', { maxQueueSize: 'much' }], ['offline.queueUploads', { queueUploads: 1 }], ['offline.conflictResolution', { conflictResolution: 'mine' }]])(
    'cannot be configured with a wrong %s', (option, offline) => {
      expect(() => engineWith(offline as OfflineOptions)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { option } }))
    })
})
