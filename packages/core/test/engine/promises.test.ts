import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { BseError } from '../../src/errors.ts'
import { createSyncEngine, platformEnvironment } from '../../src/index.ts'
import type { DataProvider, StateFactory } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import type { MutationWire } from '../../src/wire/index.ts'
import { image, newDevice, openTab, schema, tabEnvironment, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
const track = (engine: TestEngine): TestEngine => {
  open.push(engine)
  return engine
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

//
it('has rows, bytes, what is still owed, and events in one object', async () => {
  const [device, remote] = [newDevice(), new FakeRemote()]
  remote.fault = () => 'fail-before'
  const sync = track(openTab(device, remote))
  const uploaded: string[] = []
  sync.on('uploadComplete', ({ id }) => uploaded.push(id))
  const bytes = image(20_000)
  const album = await sync.albums.insert({ title: 'album' })
  const photo = await sync.photos.insert({ title: 'photo', albumId: album.id, image: bytes })
  expect(await sync.photos.where({ albumId: album.id }).get()).toEqual([photo])
  expect(await (await sync.blobs.get(photo.image))?.arrayBuffer()).toEqual(await bytes.arrayBuffer())
  expect((await sync.offline.pending()).map(({ type }) => type)).toEqual(['upload', 'insert', 'insert'])
  remote.fault = () => 'pass'
  await vi.waitFor(() => expect(uploaded).toEqual([photo.image.hash]), { timeout: 10_000 })
  await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]), { timeout: 10_000 })
})

//
it('sends the bytes of an insert without being asked when a server answers, and queues them when none does', async () => {
  const remote = new FakeRemote()
  const sync = track(openTab(newDevice(), remote))
  const online = await sync.photos.insert({ title: 'online', image: image(20_000, 1) })
  await vi.waitFor(() => expect(remote.blobs.has(online.image.hash)).toBe(true))
  remote.fault = () => 'fail-before'
  const offline = await sync.photos.insert({ title: 'offline', image: image(20_000, 2) })
  expect(await sync.offline.pending()).toEqual(expect.arrayContaining([expect.objectContaining({ type: 'upload', id: offline.image.hash, size: 20_000 })]))
  expect(remote.blobs.has(offline.image.hash)).toBe(false)
})

//
it('hands a row to the data provider once its bytes are stored, with their reference as plain JSON', async () => {
  const [device, remote] = [newDevice(), new FakeRemote()]
  const inner = fakeData(remote)
  const pushed: { readonly mutation: MutationWire; readonly blobs: readonly string[] }[] = []
  const data: DataProvider = {
    ...inner,
    connect: async (context) => {
      const connection = await inner.connect(context)
      return {
        changes: (options) => connection.changes(options),
        push: (mutations, options) => {
          pushed.push(...mutations.map((mutation) => ({ mutation, blobs: [...remote.blobs.keys()] })))
          return connection.push(mutations, options)
        },
        close: () => connection.close(),
      }
    },
  }
  const sync = track(createSyncEngine({
    name: 'promises', schema, state: device.state, cache: { backend: device.cache }, blobs: fakeBlobs(remote), data,
    environment: { ...platformEnvironment(), locks: device.locks },
  }))
  const write = sync.photos.insert({ title: 'photo', image: new File([image(90_000)], 'beach.jpg', { type: 'image/jpeg' }) })
  const { id, image: ref } = await write
  await write.synced
  expect(pushed).toMatchObject([{
    mutation: { ops: [{ kind: 'insert', table: 'photos', rowId: id, values: { title: 'photo', image: { hash: ref.hash, sizeBytes: 90_000, type: 'image/jpeg' } } }] },
    blobs: [ref.hash],
  }])
  expect(JSON.parse(JSON.stringify(pushed[0]?.mutation))).toEqual(pushed[0]?.mutation)
})

//
describe('what a person writes', () => {
  it('is on the screen before anything of it is stored, in every live query, and is taken back when it cannot be', async () => {
    const [device, remote] = [newDevice(), new FakeRemote()]
    remote.fault = () => 'fail-before'
    const gate = Promise.withResolvers<void>()
    let [isSlow, isFull] = [false, false]
    // A disk that takes its time, and then has no room.
    const slow: StateFactory = (namespace) => {
      const store = device.state(namespace)
      return {
        ...store,
        update: async (read, decide, options) => {
          if (isSlow && options.durability === 'strict') await gate.promise
          if (isFull && options.durability === 'strict') throw new BseError('STORAGE_FULL', 'no room', { neededBytes: undefined, availableBytes: 0 })
          return store.update(read, decide, options)
        },
      }
    }
    const before = track(openTab(device, remote))
    const kept = await before.albums.insert({ title: 'kept' })
    await before.close()
    const sync = track(createSyncEngine({
      name: 'optimistic', schema, state: () => slow('shared'), cache: { backend: () => device.cache('shared') }, blobs: fakeBlobs(remote), data: fakeData(remote),
      environment: tabEnvironment(device),
    }))
    await sync.ready
    isSlow = true
    const live = sync.albums.where({}).orderBy('title').live({})
    onTestFinished(live.subscribe(() => undefined))
    const shown = (): readonly string[] => live.getSnapshot().data.map(({ title }) => title)
    await vi.waitFor(() => expect(shown()).toEqual(['kept']), { timeout: 45_000 })
    const inserted = sync.albums.insert({ title: 'new' })
    expect(inserted.row).toMatchObject({ title: 'new' })
    await vi.waitFor(() => expect(shown()).toEqual(['kept', 'new']), { timeout: 45_000 })
    const updated = sync.albums.update(kept.id, { title: 'changed' })
    await vi.waitFor(() => expect(shown()).toEqual(['changed', 'new']), { timeout: 45_000 })
    const deleted = sync.albums.delete(kept.id)
    await vi.waitFor(() => expect(shown()).toEqual(['new']), { timeout: 45_000 })
    isFull = true
    gate.resolve()
    const outcomes = await Promise.allSettled([inserted, updated, deleted].map((write) => Promise.resolve(write as PromiseLike<unknown>)))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await vi.waitFor(() => expect(shown()).toEqual(['kept']), { timeout: 45_000 })
  }, 60_000)
})
