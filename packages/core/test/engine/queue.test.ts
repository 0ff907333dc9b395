import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSyncEngine, isBseError, platformEnvironment, type PendingItem, type SyncEvents } from '../../src/index.ts'
import { hashBlob } from '../../src/hash/index.ts'
import { memoryCache, memoryState } from '../../src/memory/index.ts'
import type { PushOutcome } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { BseError } from '../../src/wire/index.ts'
import { image, newDevice, openTab, schema, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
const track = (engine: TestEngine): TestEngine => {
  open.push(engine)
  return engine
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

function offlineEngine(): { readonly sync: TestEngine; readonly remote: FakeRemote; readonly goOnline: () => void } {
  const remote = new FakeRemote()
  remote.fault = () => 'fail-before'
  const sync = track(openTab(newDevice(), remote))
  return { sync, remote, goOnline: () => (remote.fault = () => 'pass') }
}

const settled = (sync: TestEngine): Promise<void> => vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]), { timeout: 10_000 })
const kinds = (items: readonly PendingItem[]): readonly string[] => items.map((item) => item.type)

describe('createSyncEngine', () => {
  //
  it('answers at once and holds what is called before storage is open', async () => {
    const sync = track(openTab(newDevice(), new FakeRemote()))
    expect(sync).not.toHaveProperty('then')
    const [insert, rows] = [sync.photos.insert({ title: 'early', image: image(300) }), sync.photos.where({}).get()]
    expect(insert.row?.title).toBe('early')
    expect(await rows).toHaveLength(1)
    expect((await insert).title).toBe('early')
  })

  it('refuses a second engine of one name, until the first is closed', async () => {
    const options = { name: 'one-name', schema, state: memoryState(), cache: { backend: memoryCache() } } as const
    const make = (): TestEngine => createSyncEngine({ ...options, blobs: fakeBlobs(new FakeRemote()), data: fakeData(new FakeRemote()) })
    const first = make()
    expect(make).toThrow(expect.objectContaining({ code: 'ALREADY_OPEN' }))
    await first.close()
    await track(make()).ready
  })

  //
  it.each([
    ['cacheSize', { cacheSize: 1 }],
    ['cache.maxsize', { cache: { backend: memoryCache(), maxsize: 1 } }],
    ['name', { name: 'a/b' }],
    ['offline.retryStrategy.maxAttempts', { offline: { retryStrategy: { maxAttempts: 0 } } }],
  ])('refuses a configuration with a wrong %s', (option, change) => {
    const make = (): unknown => createSyncEngine({
      name: 'wrong', schema, state: memoryState(), cache: { backend: memoryCache() }, blobs: fakeBlobs(new FakeRemote()), data: fakeData(new FakeRemote()),
      ...change,
    })
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { option } }))
  })
})

describe('the queue', () => {
  // R-140 R-141 R-142
  it('shows uploads and writes with their sizes, values and what they wait for', async () => {
    const { sync } = offlineEngine()
    const photo = await sync.photos.insert({ title: 'seen', image: image(9_000) })
    const items = await sync.offline.pending()
    expect(items).toMatchObject([
      { type: 'upload', id: photo.image.hash, size: 9_000, rows: [{ table: 'photos', id: photo.id, column: 'image' }] },
      { type: 'insert', table: 'photos', rowId: photo.id, data: { title: 'seen' }, waitsFor: { blobs: [photo.image.hash] } },
    ])
    const [upload] = items
    if (upload?.type === 'upload') expect(upload.progress).toBe(0)
  })

  it('makes one write of an insert and the edits that follow before it is sent', async () => {
    const { sync, remote, goOnline } = offlineEngine()
    const [first, second] = [image(9_000, 41), image(9_000, 42)]
    const photo = await sync.photos.insert({ title: 'one', image: first })
    await vi.waitFor(async () => expect(kinds(await sync.offline.pending())).toEqual(['upload', 'insert']))
    await sync.photos.update(photo.id, { title: 'two', image: second })
    await vi.waitFor(async () => expect(kinds(await sync.offline.pending())).toEqual(['upload', 'insert']))
    goOnline()
    await settled(sync)
    expect(remote.applied).toHaveLength(1)
    expect(remote.row('photos', photo.id)).toMatchObject({ title: 'two', image: { hash: await hashBlob(second) } })
  })

  // R-179 F-56
  it('queues an insert behind the one it refers to, though its bytes are here sooner', async () => {
    const device = newDevice()
    const slow = Promise.withResolvers<void>()
    const cache: typeof device.cache = (namespace) => {
      const store = device.cache(namespace)
      return { ...store, stage: (source, options) => slow.promise.then(() => store.stage(source, options)) }
    }
    const remote = new FakeRemote()
    const pages = { id: 'uuid', of: { type: 'ref', table: 'pages', optional: true }, scan: { type: 'blob' } } as const
    const sync = createSyncEngine({
      name: 'refers', schema: { pages }, state: device.state, cache: { backend: cache, inlineMaxBytes: 1_000 }, blobs: fakeBlobs(remote), data: fakeData(remote),
    })
    const cover = sync.pages.insert({ scan: image(9_000, 48) })
    const page = sync.pages.insert({ of: cover.row?.id ?? '', scan: image(300, 49) })
    await sync.ready
    slow.resolve()
    await Promise.all([cover.synced, page.synced])
    expect(remote.log.map(({ change }) => change.rowId)).toEqual([cover.row?.id, page.row?.id])
    await sync.close()
  })

  // R-104 F-56
  it('takes an insert and its upload back when the row is deleted before it is sent', async () => {
    const { sync, remote, goOnline } = offlineEngine()
    const insert = sync.photos.insert({ title: 'gone', image: image(9_000, 43) })
    const photo = await insert
    const synced = expect(insert.synced).rejects.toMatchObject({ code: 'DISCARDED' })
    await vi.waitFor(async () => expect(await sync.offline.pending()).toHaveLength(2))
    await sync.photos.delete(photo.id)
    expect(await sync.photos.get(photo.id)).toBeUndefined()
    await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]))
    goOnline()
    await synced
    expect(remote.uploads).toEqual([])
    expect(remote.applied).toEqual([])
  })

  //
  it('gives back the bytes of a row that is deleted, and keeps those that another row names', async () => {
    const [device, remote] = [newDevice(), new FakeRemote()]
    const sync = track(openTab(device, remote))
    const [shared, own] = [image(9_000, 57), image(9_000, 58)]
    const first = await sync.photos.insert({ title: 'first', image: shared })
    const second = await sync.photos.insert({ title: 'second', image: shared })
    const third = await sync.photos.insert({ title: 'third', image: own })
    await settled(sync)
    await sync.photos.delete(first.id).synced
    await sync.photos.delete(third.id).synced
    expect([...remote.rows.keys()]).toEqual([`photos/${second.id}`])
    await vi.waitFor(async () => expect(await device.cache('shared').get(third.image.hash)).toBeUndefined())
    expect((await device.cache('shared').get(second.image.hash))?.size).toBe(9_000)
  })

  it('takes an insert back that is deleted before it is even stored', async () => {
    const { sync } = offlineEngine()
    await sync.ready
    const insert = sync.photos.insert({ title: 'never', image: image(900_000, 44) })
    const refused = expect(insert).rejects.toMatchObject({ code: 'DISCARDED' })
    await sync.photos.delete(insert.row?.id ?? '')
    await refused
    expect(await sync.photos.count()).toBe(0)
    expect(await sync.offline.pending()).toEqual([])
  })

  // F-45
  it('parks what the server refuses, goes on with the rest, and tries again when asked', async () => {
    const remote = new FakeRemote()
    const blobs = fakeBlobs(remote)
    const device = newDevice()
    let isStrict = true
    const refusal = new BseError('TOO_LARGE', 'too large', { sizeBytes: 9_001, limitBytes: 9_000 })
    const sync = track(createSyncEngine({
      name: 'parking', schema, state: device.state, cache: { backend: device.cache }, offline: { retryStrategy: { maxAttempts: 1 } }, data: fakeData(remote),
      blobs: { ...blobs, upload: async (task, io) => {
        if (isStrict && task.sizeBytes > 9_000) throw refusal
        return blobs.upload(task, io)
      } },
    }))
    const parked: SyncEvents['parked'][] = []
    sync.on('parked', (event) => parked.push(event))
    const large = await sync.photos.insert({ title: 'large', image: image(9_001) })
    const small = sync.photos.insert({ title: 'small', image: image(9_000) })
    await small.synced
    const items = await vi.waitFor(async () => {
      const pending = await sync.offline.pending()
      expect(pending).toMatchObject([{ type: 'upload', state: 'parked', reason: { code: 'TOO_LARGE' } }, { type: 'insert', rowId: large.id, state: 'waiting' }])
      return pending
    })
    expect(parked).toMatchObject([{ operation: { type: 'upload', id: large.image.hash }, code: 'TOO_LARGE' }])
    isStrict = false
    await sync.offline.retry(items[0]?.id ?? '')
    await settled(sync)
    expect(remote.row('photos', large.id)).toBeDefined()
  })

  //
  it.each([1, 3])('parks a write after %i refusals, each of which is told', async (maxAttempts) => {
    const remote = new FakeRemote()
    const data = fakeData(remote)
    let pushes = 0
    const refuse = async (mutations: readonly { readonly id: string }[]): Promise<readonly PushOutcome[]> => {
      pushes += 1
      return mutations.map(({ id }) => ({ id, is: 'rejected', code: 'NO' }))
    }
    const { clock, ...environment } = platformEnvironment()
    const sync = track(createSyncEngine({
      name: `attempts-${maxAttempts}`, schema, state: memoryState(), cache: { backend: memoryCache() }, blobs: fakeBlobs(remote),
      data: { ...data, connect: async (context) => ({ ...(await data.connect(context)), push: refuse }) },
      offline: { retryStrategy: { maxAttempts, backoff: 'exponential' } },
      environment: { ...environment, clock: { ...clock, nowMs: () => clock.nowMs() + pushes * 60_000 } },
    }))
    const errors: unknown[] = []
    sync.on('syncError', ({ error }) => errors.push(error))
    await sync.albums.insert({ title: 'refused' })
    await vi.waitFor(async () => {
      await sync.offline.flush()
      expect(await sync.offline.pending()).toMatchObject([{ state: 'parked', attempts: maxAttempts, reason: { code: 'NO' } }])
    }, { timeout: 10_000 })
    expect(pushes).toBe(maxAttempts)
    expect(errors).toHaveLength(maxAttempts)
  })

  it('says discarded to whoever waits for a write that the person took back', async () => {
    const { sync } = offlineEngine()
    const album = sync.albums.insert({ title: 'taken back' })
    await album
    const [item] = await vi.waitFor(async () => {
      const pending = await sync.offline.pending()
      expect(pending).toHaveLength(1)
      return pending
    })
    const refused = album.synced.catch((error: unknown) => error)
    await sync.offline.discard(item?.id ?? '')
    const error = await refused
    expect(isBseError(error) && error.code).toBe('DISCARDED')
    await vi.waitFor(async () => expect(await sync.albums.count()).toBe(0))
  })
})

describe('events', () => {
  // R-144 R-145 R-146 R-147 R-150
  it('tell of failures, progress, completion and the network, until unsubscribed', async () => {
    const { sync, goOnline } = offlineEngine()
    const seen: string[] = []
    const ids: string[] = []
    sync.on('syncError', ({ operation }) => seen.push(`error ${operation.type}`))
    sync.on('offline', () => seen.push('offline'))
    sync.on('online', () => seen.push('online'))
    sync.on('uploadComplete', ({ id }) => {
      seen.push('complete')
      ids.push(id)
    })
    const unsubscribe = sync.on('uploadProgress', ({ progress }) => seen.push(`progress ${progress}`))
    const photo = await sync.photos.insert({ title: 'watched', image: image(9_000, 45) })
    await vi.waitFor(() => expect(seen).toEqual(expect.arrayContaining(['error upload', 'offline'])))
    goOnline()
    await settled(sync)
    expect(seen).toEqual(expect.arrayContaining(['progress 1', 'complete', 'online']))
    expect(ids).toEqual([photo.image.hash])
    unsubscribe()
    seen.length = 0
    await sync.photos.insert({ title: 'unwatched', image: image(9_000, 46) }).synced
    expect(seen.filter((event) => event.startsWith('progress'))).toEqual([])
  })

  it('reach every listener, also behind one that throws', async () => {
    const sync = track(openTab(newDevice(), new FakeRemote()))
    const uncaught: unknown[] = []
    const report = (error: unknown): void => void uncaught.push(error)
    process.on('uncaughtException', report)
    let reached = 0
    sync.on('uploadComplete', () => {
      throw new Error('a listener of the app')
    })
    sync.on('uploadComplete', () => (reached += 1))
    await sync.photos.insert({ title: 'x', image: image(9_000, 47) }).synced
    await vi.waitFor(() => expect(reached).toBe(1))
    await vi.waitFor(() => expect(uncaught).toHaveLength(1))
    process.off('uncaughtException', report)
  })
})
