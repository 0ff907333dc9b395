import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSyncEngine, platformEnvironment, type PendingItem, type QueueOptions } from '../../src/index.ts'
import type { BlobProvider, Connectivity, UploadIo } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import type { Json } from '../../src/wire/json.ts'
import { image, newDevice, openTab, schema, tabEnvironment, type Device, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
const track = (engine: TestEngine): TestEngine => {
  open.push(engine)
  return engine
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

/** A tab in which time alone never ends a wait. */
let engines = 0
function patientTab(device: Device, remote: FakeRemote, blobs: BlobProvider = fakeBlobs(remote), offline: QueueOptions = {}): TestEngine {
  const environment = tabEnvironment(device)
  return track(createSyncEngine({
    name: `flow-${(engines += 1)}`, schema, state: () => device.state('shared'), cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 },
    blobs, data: fakeData(remote), offline: { retryStrategy: { maxAttempts: 2 }, ...offline },
    environment: { ...environment, clock: { ...platformEnvironment().clock, timer: () => () => undefined } },
  }))
}

const states = async (sync: TestEngine): Promise<readonly string[]> => (await sync.offline.pending()).map(({ type, state }) => `${type} ${state}`)
const idOf = async (sync: TestEngine, type: PendingItem['type']): Promise<string> => (await sync.offline.pending()).find((item) => item.type === type)?.id ?? ''

/** Uploads that end when a test says so, and tell how they were stopped. */
function slowBlobs(remote: FakeRemote): { readonly blobs: BlobProvider; readonly begun: UploadIo[]; readonly abandoned: Json[]; goOn: () => void } {
  const inner = fakeBlobs(remote)
  const begun: UploadIo[] = []
  const abandoned: Json[] = []
  let isSlow = true
  return {
    begun,
    abandoned,
    goOn: () => (isSlow = false),
    blobs: {
      ...inner,
      abandon: async (checkpoint) => void abandoned.push(checkpoint),
      upload: async (task, io) => {
        begun.push(io)
        if (!isSlow) return inner.upload(task, io)
        await io.saveCheckpoint({ half: begun.length })
        return new Promise((_, reject) => io.signal.addEventListener('abort', () => reject(io.signal.reason), { once: true }))
      },
    },
  }
}

describe('flush', () => {
  //
  it('sends at once what waits for its time, from any tab, and resolves when it is sent', async () => {
    const [remote, device] = [new FakeRemote(), newDevice()]
    const leader = patientTab(device, remote)
    await vi.waitFor(() => expect(leader.status.getSnapshot().leads).toBe(true))
    remote.fault = () => 'fail-before'
    await leader.photos.insert({ title: 'a', image: image(9_000, 61) })
    await leader.albums.insert({ title: 'b' })
    await vi.waitFor(() => expect(leader.status.getSnapshot().online).toBe(false))
    const other = patientTab(device, remote)
    remote.fault = () => 'pass'
    await other.offline.flush()
    expect(remote.rows.size).toBe(2)
    await vi.waitFor(async () => expect(await other.offline.pending()).toEqual([]))
  })

  //
  it('resolves when all was tried, though no server answers, and has nothing to wait for when nothing is pending', async () => {
    const remote = new FakeRemote()
    const sync = patientTab(newDevice(), remote)
    await sync.offline.flush()
    remote.fault = () => 'fail-before'
    await sync.photos.insert({ title: 'a', image: image(9_000, 62) })
    await sync.albums.insert({ title: 'b' })
    await sync.offline.flush()
    await sync.offline.flush()
    expect(await states(sync)).toEqual(['upload waiting', 'insert waiting', 'insert waiting'])
  })

  //
  it('does not wait for what waits for a person, and ends with its signal', async () => {
    const remote = new FakeRemote()
    const { blobs, begun } = slowBlobs(remote)
    const sync = patientTab(newDevice(), remote, blobs)
    await sync.photos.insert({ title: 'a', image: image(9_000, 63) })
    await vi.waitFor(() => expect(begun).toHaveLength(1))
    const ends = new AbortController()
    const flush = sync.offline.flush({ signal: ends.signal })
    ends.abort(new Error('enough'))
    await expect(flush).rejects.toThrow('enough')
    await sync.offline.cancel(await idOf(sync, 'upload'))
    await sync.offline.flush()
    expect(await states(sync)).toEqual(['upload parked', 'insert waiting'])
  })
})

describe('pause', () => {
  it('stops what is on its way, holds all back in every tab and after a reload, and goes on where it was', async () => {
    const [remote, device] = [new FakeRemote(), newDevice()]
    const { blobs, begun, goOn } = slowBlobs(remote)
    const sync = patientTab(device, remote, blobs)
    await sync.photos.insert({ title: 'a', image: image(9_000, 64) })
    await vi.waitFor(() => expect(begun).toHaveLength(1))
    const other = patientTab(device, remote, blobs)
    await other.offline.pause()
    await vi.waitFor(() => expect(begun[0]?.signal.aborted).toBe(true))
    await other.albums.insert({ title: 'b' })
    await vi.waitFor(async () => expect(await states(sync)).toEqual(['upload paused', 'insert paused', 'insert paused']))
    expect(sync.status.getSnapshot().paused).toBe(true)
    await sync.offline.flush()
    await Promise.all(open.splice(0).map((engine) => engine.close()))
    goOn()
    const again = patientTab(device, remote, blobs)
    await vi.waitFor(() => expect(again.status.getSnapshot().leads).toBe(true))
    expect(await states(again)).toEqual(['upload paused', 'insert paused', 'insert paused'])
    await again.offline.resume()
    await again.offline.flush()
    expect(remote.rows.size).toBe(2)
    expect(begun).toHaveLength(2)
    expect(begun[1]?.checkpoint).toEqual({ half: 1 })
  })

  //
  it.each([[true, { half: 1 }, []], [false, undefined, [{ half: 1 }]]])('goes on where it was, or anew, as resumableUploads is %s', async (resumableUploads, checkpoint, given) => {
    const remote = new FakeRemote()
    const { blobs, begun, abandoned, goOn } = slowBlobs(remote)
    const sync = patientTab(newDevice(), remote, blobs, { resumableUploads })
    const { synced } = sync.photos.insert({ title: 'a', image: image(9_000, 67) })
    await vi.waitFor(() => expect(begun).toHaveLength(1))
    await sync.offline.pause()
    await vi.waitFor(() => expect(begun[0]?.signal.aborted).toBe(true))
    goOn()
    await sync.offline.resume()
    await synced
    expect(begun.map((io) => io.checkpoint)).toEqual([undefined, checkpoint])
    expect(abandoned).toEqual(given)
  })

  it('of one item holds back what depends on it, and nothing else', async () => {
    const remote = new FakeRemote()
    const sync = patientTab(newDevice(), remote)
    await sync.offline.pause()
    const photo = await sync.photos.insert({ title: 'held', image: image(9_000, 65) })
    await sync.albums.insert({ title: 'free' })
    await sync.offline.pause(photo.image.hash)
    await sync.offline.resume(await idOf(sync, 'insert'))
    expect(remote.rows.size).toBe(0)
    await sync.offline.resume()
    await sync.offline.flush()
    expect(remote.rows.size).toBe(2)
    await expect(sync.offline.pause('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('of a blob leaves its row waiting and visible', async () => {
    const remote = new FakeRemote()
    const sync = patientTab(newDevice(), remote, slowBlobs(remote).blobs)
    const photo = await sync.photos.insert({ title: 'held', image: image(9_000, 66) })
    await sync.offline.pending()
    await sync.offline.pause(photo.image.hash)
    const album = sync.albums.insert({ title: 'free' })
    await album.synced
    await sync.offline.flush()
    expect(await states(sync)).toEqual(['upload paused', 'insert waiting'])
    expect(remote.rows.size).toBe(1)
  })
})

describe('cancel', () => {
  it('stops an upload and keeps row and bytes, until retry or discard', async () => {
    const remote = new FakeRemote()
    const { blobs, begun, goOn } = slowBlobs(remote)
    const sync = patientTab(newDevice(), remote, blobs)
    const photo = await sync.photos.insert({ title: 'a', image: image(9_000, 67) })
    await vi.waitFor(() => expect(begun).toHaveLength(1))
    await sync.offline.cancel(photo.image.hash)
    await vi.waitFor(() => expect(begun[0]?.signal.aborted).toBe(true))
    expect((await sync.offline.pending())[0]).toMatchObject({ state: 'parked', reason: { code: 'CANCELLED' } })
    expect((await sync.blobs.get(photo.image))?.size).toBe(9_000)
    goOn()
    await sync.offline.retry(photo.image.hash)
    await sync.offline.flush()
    expect(remote.rows.size).toBe(1)
  })

  it('parks a write that is not on its way, and refuses one that is with the server', async () => {
    const remote = new FakeRemote()
    const sync = patientTab(newDevice(), remote)
    await sync.offline.pause()
    const album = sync.albums.insert({ title: 'a' })
    await album
    await sync.offline.cancel(await idOf(sync, 'insert'))
    await sync.offline.resume()
    expect(await states(sync)).toEqual(['insert parked'])
    await sync.offline.retry(await idOf(sync, 'insert'))
    await album.synced
    await expect(sync.offline.cancel('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('pending', () => {
  it('names what was queued a moment ago in another tab', async () => {
    const [remote, device] = [new FakeRemote(), newDevice()]
    remote.fault = () => 'fail-before'
    const [one, other] = [track(openTab(device, remote)), track(openTab(device, remote))]
    await other.ready
    for (let round = 1; round <= 20; round++) {
      await one.albums.insert({ title: `${round}` })
      expect(await other.offline.pending()).toHaveLength(round)
    }
  })

  // R-068 F-44
  it('is drained by the network alone, when that is back', async () => {
    const listeners = new Set<(online: boolean) => void>()
    const connectivity: Connectivity = { online: true, subscribe: (listener) => (listeners.add(listener), () => void listeners.delete(listener)) }
    const [remote, device] = [new FakeRemote(), newDevice()]
    remote.fault = () => 'fail-before'
    const sync = track(createSyncEngine({
      name: 'drain', schema, state: device.state, cache: { backend: device.cache }, blobs: fakeBlobs(remote), data: fakeData(remote),
      environment: { ...tabEnvironment(device), connectivity, clock: { ...platformEnvironment().clock, timer: () => () => undefined } },
    }))
    await sync.albums.insert({ title: 'a' })
    await vi.waitFor(() => expect(sync.status.getSnapshot().online).toBe(false))
    remote.fault = () => 'pass'
    for (const tell of listeners) tell(true)
    await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]))
  })
})
