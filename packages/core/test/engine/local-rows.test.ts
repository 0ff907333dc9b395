import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSyncEngine } from '../../src/index.ts'
import { FakeRemote, fakeBlobs } from '../../src/testing/index.ts'
import { MortalTab } from '../../src/testing/mortal-tab.ts'
import { image, newDevice, schema, tabEnvironment, type Device, type TestEngine } from './harness.ts'

const WAIT = { timeout: 45_000 }
const open: TestEngine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0

/** A tab of an app that has a place for blobs, and none for rows. */
function tabOf(device: Device, remote: FakeRemote): TestEngine {
  const engine = createSyncEngine({
    name: `local-rows-${(engines += 1)}`, schema, state: () => device.state('shared'), cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 },
    blobs: fakeBlobs(remote), environment: tabEnvironment(device),
  })
  open.push(engine)
  return engine
}

const titles = async (engine: TestEngine): Promise<readonly string[]> => (await engine.photos.where({}).get()).map(({ title }) => title).sort()
const nothingPends = (engine: TestEngine): Promise<void> => vi.waitFor(async () => expect(await engine.offline.pending()).toEqual([]), WAIT)

//
describe('an engine without a data provider', () => {
  it('keeps rows on this device, in every tab and after a reload, and sends their bytes', async () => {
    const [device, remote] = [newDevice(), new FakeRemote()]
    const [first, second] = [tabOf(device, remote), tabOf(device, remote)]
    const one = await first.photos.insert({ title: 'one', image: image(300, 1) })
    const two = await second.photos.insert({ title: 'two', image: image(5_000, 2) })
    await nothingPends(first)
    expect(remote.blobs.size).toBe(2)
    await first.photos.update(two.id, { title: 'changed' })
    await second.photos.delete(one.id)
    await nothingPends(second)
    for (const tab of [first, second]) await vi.waitFor(async () => expect(await titles(tab)).toEqual(['changed']), WAIT)
    await Promise.all([first.close(), second.close()])
    const again = tabOf(device, remote)
    expect(await titles(again)).toEqual(['changed'])
    const photo = await again.photos.get(two.id)
    expect(photo === undefined ? photo : (await again.blobs.get(photo.image))?.size).toBe(5_000)
    expect(await again.offline.pending()).toEqual([])
  }, 60_000)

  it('keeps bytes that no server has, and takes none for a server that answers', async () => {
    const [device, remote] = [newDevice(), new FakeRemote()]
    remote.fault = () => 'fail-before'
    const tab = tabOf(device, remote)
    await tab.photos.insert({ title: 'offline', image: image(5_000, 3) })
    await vi.waitFor(() => expect(tab.status.getSnapshot().online).toBe(false), WAIT)
    await tab.albums.insert({ title: 'needs no server' })
    await vi.waitFor(async () => expect((await tab.offline.pending()).map(({ type }) => type).sort()).toEqual(['insert', 'upload']), WAIT)
    expect(tab.status.getSnapshot().online).toBe(false)
    remote.fault = () => 'pass'
    await tab.offline.flush()
    await nothingPends(tab)
    expect(remote.blobs.size).toBe(1)
  }, 60_000)

  it('loses no row, whichever step of a tab is its last', async () => {
    let isThrough = false
    for (let step = 1; !isThrough; step++) {
      const [device, remote] = [newDevice(), new FakeRemote()]
      const mortal = new MortalTab({ state: () => device.state('shared'), cache: () => device.cache('shared'), environment: tabEnvironment(device) })
      const death = Promise.withResolvers<false>()
      mortal.dieAt(step, () => death.resolve(false))
      const tab = createSyncEngine({
        name: `local-rows-${(engines += 1)}`, schema, state: mortal.state, cache: { backend: mortal.cache, inlineMaxBytes: 1_000 }, blobs: fakeBlobs(remote), environment: mortal.environment,
      })
      const acknowledged: string[] = []
      const write = async (title: string): Promise<void> => {
        await tab.albums.insert({ title })
        if (!mortal.isDead) acknowledged.push(title)
      }
      const writes = (async () => {
        await write('a')
        await write('b')
        await nothingPends(tab)
        return true
      })()
      writes.catch(() => undefined)
      isThrough = await Promise.race([writes, death.promise])
      mortal.die()
      const next = tabOf(device, remote)
      await nothingPends(next)
      const kept = (await next.albums.where({}).get()).map(({ title }) => title)
      expect(kept.length).toBeGreaterThanOrEqual(acknowledged.length)
      expect(kept).toEqual(expect.arrayContaining(acknowledged))
      await next.close()
    }
  }, 120_000)

  it('does not let anybody sign out who has not given the rows up', async () => {
    const tab = tabOf(newDevice(), new FakeRemote())
    await tab.albums.insert({ title: 'here only' })
    await nothingPends(tab)
    for (const pending of ['refuse', 'keep'] as const) await expect(tab.logout({ pending })).rejects.toMatchObject({ code: 'PENDING_WORK', details: { mutations: 1 } })
    expect(await tab.albums.count()).toBe(1)
    await tab.logout({ pending: 'discard' })
  }, 60_000)
})
