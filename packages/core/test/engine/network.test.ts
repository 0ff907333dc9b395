import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSyncEngine } from '../../src/index.ts'
import type { Connectivity } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, schema, tabEnvironment, type Device, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0

function tab(device: Device, remote: FakeRemote, network: 'manual' | 'unmetered', connectivity?: Connectivity): TestEngine {
  const environment = tabEnvironment(device)
  const engine = createSyncEngine({
    name: `network-${(engines += 1)}`, schema, state: () => device.state('shared'), cache: { backend: () => device.cache('shared') }, blobs: fakeBlobs(remote),
    data: fakeData(remote), offline: { network, retryStrategy: { maxAttempts: 1 } }, environment: { ...environment, connectivity: connectivity ?? environment.connectivity },
  })
  open.push(engine)
  return engine
}

async function leads(engine: TestEngine): Promise<TestEngine> {
  await vi.waitFor(() => expect(engine.status.getSnapshot().leads).toBe(true), { timeout: 20_000 })
  return engine
}

const uploadsOf = async (engine: TestEngine): Promise<number> => (await engine.offline.pending()).filter(({ type }) => type === 'upload').length

describe('uploads that go when the person says so', () => {
  it('wait for flush, while rows without new bytes go', async () => {
    const remote = new FakeRemote()
    const engine = await leads(tab(newDevice(), remote, 'manual'))
    const photo = engine.photos.insert({ title: 'a', image: image(2_000) })
    await photo
    await engine.albums.insert({ title: 'goes by itself' }).synced
    expect([remote.uploads.length, await uploadsOf(engine)]).toEqual([0, 1])
    await engine.offline.flush()
    await photo.synced
    expect([remote.uploads.length, await uploadsOf(engine)]).toEqual([1, 0])
  })

  it('that come after a flush wait for the next one', async () => {
    const remote = new FakeRemote()
    const engine = await leads(tab(newDevice(), remote, 'manual'))
    await engine.photos.insert({ title: 'a', image: image(2_000, 1) })
    await engine.offline.flush()
    await engine.photos.insert({ title: 'b', image: image(2_000, 2) })
    await engine.albums.insert({ title: 'goes by itself' }).synced
    expect([remote.uploads.length, await uploadsOf(engine)]).toEqual([1, 1])
    await engine.offline.flush()
    expect([remote.uploads.length, await uploadsOf(engine)]).toEqual([2, 0])
  })

  it('are let go from any tab, by whichever leads', async () => {
    const [device, remote] = [newDevice(), new FakeRemote()]
    await leads(tab(device, remote, 'manual'))
    const second = tab(device, remote, 'manual')
    const photo = second.photos.insert({ title: 'a', image: image(2_000) })
    await photo
    await second.offline.flush()
    await photo.synced
    expect(remote.uploads).toHaveLength(1)
  })

  it('that a flush let go are sent after a reload when the network was away', async () => {
    const [device, remote] = [newDevice(), new FakeRemote()]
    const before = await leads(tab(device, remote, 'manual'))
    remote.fault = (operation) => (operation === 'upload' ? 'fail-before' : 'pass')
    await before.photos.insert({ title: 'a', image: image(2_000) })
    await before.offline.flush()
    expect(await uploadsOf(before)).toBe(1)
    await before.close()
    remote.fault = () => 'pass'
    const after = tab(device, remote, 'manual')
    await vi.waitFor(async () => expect(await uploadsOf(after)).toBe(0), { timeout: 20_000 })
    expect(remote.uploads).toHaveLength(1)
  })

  it('go one by one by retry', async () => {
    const remote = new FakeRemote()
    const engine = await leads(tab(newDevice(), remote, 'manual'))
    const { image: first } = await engine.photos.insert({ title: 'a', image: image(2_000, 1) })
    await engine.photos.insert({ title: 'b', image: image(2_000, 2) })
    await engine.offline.retry(first.hash)
    await vi.waitFor(() => expect(remote.uploads).toEqual([first.hash]), { timeout: 20_000 })
    expect(await uploadsOf(engine)).toBe(1)
  })
})

describe('a network that costs', () => {
  it('does not keep a flush waiting for what it may not send', async () => {
    const remote = new FakeRemote()
    const costly: Connectivity = { online: true, metered: true, subscribe: () => () => undefined }
    const engine = await leads(tab(newDevice(), remote, 'unmetered', costly))
    await engine.photos.insert({ title: 'a', image: image(2_000) })
    await engine.offline.flush()
    expect([remote.uploads.length, await uploadsOf(engine)]).toEqual([0, 1])
  })
})
