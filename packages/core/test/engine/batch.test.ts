import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { BseError, createSyncEngine, platformEnvironment, type BatchResult, type BatchTables, type BlobInput } from '../../src/index.ts'
import type { CacheStore, StagedBytes } from '../../src/provider/index.ts'
import { hashBlob } from '../../src/hash/index.ts'
import { fakeBlobs, fakeData, FakeRemote } from '../../src/testing/index.ts'
import { image, newDevice, openTab, schema, type Device, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
const track = (engine: TestEngine): TestEngine => {
  open.push(engine)
  return engine
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

const away = (): FakeRemote => {
  const remote = new FakeRemote()
  remote.fault = () => 'fail-before'
  return remote
}

async function opened(remote: FakeRemote, device: Device = newDevice()): Promise<TestEngine> {
  const sync = track(openTab(device, remote))
  await sync.ready
  return sync
}

/** An album with one small photo, which rides in the commit, and one large photo, which goes to the cache. */
function album(tables: BatchTables<typeof schema>, photos: readonly Blob[] = [image(500, 1), image(9_000, 2)]): { readonly albumId: string; readonly photoIds: readonly string[] } {
  const albumId = tables.albums.insert({ title: 'Summer' })
  return { albumId, photoIds: photos.map((file, at) => tables.photos.insert({ title: `photo ${at}`, albumId, image: file })) }
}

const titles = async (sync: TestEngine): Promise<readonly string[]> =>
  [...(await sync.albums.where({}).get()), ...(await sync.photos.where({}).get())].map(({ title }) => title).sort()

describe('a batch', () => {
  it('shows all of its rows at once and in one round', async () => {
    const sync = await opened(away())
    const [albums, photos] = [sync.albums.where({}).live({}), sync.photos.where({}).live({})]
    const seen: string[] = []
    albums.subscribe(() => seen.push(`${albums.getSnapshot().data.length} ${photos.getSnapshot().data.length}`))
    photos.subscribe(() => seen.push(`${albums.getSnapshot().data.length} ${photos.getSnapshot().data.length}`))
    const write = sync.batch(album)
    expect(seen).toEqual(['1 2', '1 2'])
    const { albumId, photoIds } = await write
    expect(photos.getSnapshot().data.map((row) => [row.id, row.albumId])).toEqual(photoIds.map((id) => [id, albumId]).sort())
    await vi.waitFor(() => expect(photos.getSnapshot().data.every((row) => row.image.hash.startsWith('sha256:'))).toBe(true))
    expect(seen.filter((line) => line !== '1 2')).toEqual([])
  })

  it('is one record with all of its writes in their order', async () => {
    const sync = await opened(away())
    const { albumId, photoIds } = await sync.batch(album)
    const writes = (await sync.offline.pending()).filter((item) => item.type !== 'upload')
    expect(writes.map((item) => item.id)).toEqual(Array.from({ length: 3 }, () => writes[0]?.id))
    expect(writes.map((item) => item.type === 'insert' && item.rowId)).toEqual([albumId, ...photoIds])
  })

  it('reaches the server as one mutation, after all of its bytes', async () => {
    const remote = new FakeRemote()
    const sync = await opened(remote)
    const blobsThen: number[] = []
    remote.fault = (call) => {
      if (call === 'push') blobsThen.push(remote.blobs.size)
      return 'pass'
    }
    const write = sync.batch(album)
    const { albumId, photoIds } = await write.synced
    expect(blobsThen).toEqual([2])
    expect(remote.applied).toHaveLength(1)
    expect(remote.log.map(({ change, mutationId }) => [change.rowId, mutationId])).toEqual([albumId, ...photoIds].map((id) => [id, remote.applied[0]]))
    for (const id of photoIds) expect(remote.row('photos', id)).toMatchObject({ albumId })
    await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]))
    expect((await sync.photos.where({ albumId }).get()).map(({ id }) => id)).toEqual([...photoIds].sort())
  })

  it('updates, upserts and deletes what is there and what it made itself', async () => {
    const remote = new FakeRemote()
    const sync = await opened(remote)
    const old = await sync.albums.insert({ title: 'old' })
    const gone = await sync.albums.insert({ title: 'gone' })
    const made = await sync.batch(({ albums, photos }) => {
      albums.update(old.id, { title: 'older' })
      albums.delete(gone.id)
      albums.delete('018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a99')
      albums.upsert({ id: old.id, title: 'oldest' })
      const photo = photos.insert({ title: 'first', image: image(5_000, 3) })
      photos.update(photo, { title: 'second', image: image(6_000, 4), albumId: old.id })
      albums.delete(albums.insert({ title: 'never' }))
      return photo
    }).synced
    await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]))
    expect(await titles(sync)).toEqual(['oldest', 'second'])
    expect(remote.row('photos', made)).toMatchObject({ title: 'second', albumId: old.id, image: { hash: await hashBlob(image(6_000, 4)) } })
    expect([...remote.rows.keys()].sort()).toEqual([`albums/${old.id}`, `photos/${made}`])
  })

  it('names in what it replaces only values that a server could know', async () => {
    const remote = new FakeRemote()
    const sync = await opened(remote)
    const pushed = vi.spyOn(remote, 'apply')
    await sync.batch(({ photos }) => {
      const id = photos.insert({ title: 'a', image: image(5_000, 5) })
      photos.update(id, { title: 'b', image: image(5_000, 6) })
    }).synced
    const [first, second] = pushed.mock.calls[0]?.[0].ops ?? []
    expect(first?.previous).toBeNull()
    expect(second?.previous).toEqual({ title: 'a', image: first?.values.image })
    expect(JSON.stringify(pushed.mock.calls)).not.toContain('pending:')
  })

  it('answers what its function answered, also with nothing to write', async () => {
    const sync = await opened(away())
    const write = sync.batch(() => 'nothing')
    expectTypeOf(write).toEqualTypeOf<BatchResult<string>>()
    expect(await write).toBe('nothing')
    expect(await write.synced).toBe('nothing')
    expect(await sync.offline.pending()).toEqual([])
  })

  it('waits for storage to open', async () => {
    const device = newDevice()
    const first = track(openTab(device, away()))
    const kept = await first.albums.insert({ title: 'kept' })
    await first.close()
    const sync = track(openTab(device, away()))
    const write = sync.batch((tables) => {
      tables.albums.update(kept.id, { title: 'renamed' })
      return album(tables).albumId
    })
    expect((await sync.albums.get(await write))?.title).toBe('Summer')
    expect((await sync.albums.get(kept.id))?.title).toBe('renamed')
  })
})

describe('a batch that fails', () => {
  async function leavesNothing(sync: TestEngine, before: readonly string[], attempt: () => PromiseLike<unknown>, error: object): Promise<void> {
    const pending = await sync.offline.pending()
    await expect(attempt()).rejects.toMatchObject(error)
    expect(await titles(sync)).toEqual(before)
    expect(await sync.offline.pending()).toEqual(pending)
  }

  it('writes nothing when one of its writes is refused', async () => {
    const sync = await opened(away())
    await sync.albums.insert({ title: 'old', id: '018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a01' })
    const refused = (write: (tables: BatchTables<typeof schema>) => void, error: object): Promise<void> =>
      leavesNothing(sync, ['old'], () => sync.batch((tables) => { album(tables); write(tables) }), error)
    await refused(({ photos }) => photos.insert({ title: 'x', image: new Blob(['<html>'], { type: 'text/html' }) }), { code: 'VALIDATION_FAILED' })
    await refused(({ photos }) => photos.update('018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a02', { title: 'x' }), { code: 'NOT_FOUND' })
    await refused(({ albums }) => albums.insert({ title: 'x', id: '018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a01' }), { code: 'VALIDATION_FAILED' })
    await refused(({ albums }) => {
      const id = albums.insert({ title: 'x' })
      albums.delete(id)
      albums.update(id, { title: 'y' })
    }, { code: 'NOT_FOUND' })
    await refused(() => { throw new RangeError('of the app') }, { message: 'of the app' })
  })

  it('writes nothing either when its function hides the refusal', async () => {
    const sync = await opened(away())
    await leavesNothing(sync, [], () => sync.batch((tables) => {
      album(tables)
      try {
        tables.albums.update('018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a02', { title: 'x' })
      } catch {
        return 'hidden'
      }
      return 'shown'
    }), { code: 'NOT_FOUND' })
  })

  it('refuses functions that answer later, and writes that come later', async () => {
    const sync = await opened(away())
    let kept: BatchTables<typeof schema> | undefined
    await leavesNothing(sync, [], () => sync.batch(async (tables) => {
      album(tables)
      kept = tables
      await Promise.resolve()
      throw new Error('nobody hears this')
    }), { code: 'VALIDATION_FAILED' })
    expect(() => kept?.albums.insert({ title: 'late' })).toThrow(expect.objectContaining({ code: 'CLOSED' }) as Error)
  })

  // F-12
  it('takes all of its rows back when the bytes of one cannot be stored', async () => {
    const device = newDevice()
    const tooLarge = image(50_000, 9)
    const staged: string[] = []
    const sync = await opened(away(), withStage(device, async (source, stage) => {
      if (source.size === tooLarge.size) throw new BseError('STORAGE_FULL', 'test: full', { neededBytes: 1, availableBytes: 0 })
      const done = await stage()
      staged.push(done.hash)
      return done
    }))
    const old = await sync.albums.insert({ title: 'old' })
    const write = sync.batch((tables) => {
      tables.albums.update(old.id, { title: 'changed' })
      album(tables, [image(500, 1), image(9_000, 2), tooLarge])
    })
    expect(await titles(sync)).toEqual(['Summer', 'changed', 'photo 0', 'photo 1', 'photo 2'])
    await expect(write).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    await expect(write.synced).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(await titles(sync)).toEqual(['old'])
    expect((await sync.offline.pending()).map(({ type }) => type)).toEqual(['insert'])
    expect(staged).toHaveLength(1)
    const left: string[] = []
    for await (const entry of device.cache('shared').list()) left.push(entry.hash)
    expect(left).toEqual([])
  })
})

describe('writes around a batch', () => {
  it('follow it in order and are not merged with it', async () => {
    const remote = away()
    const sync = await opened(remote)
    const before = await sync.albums.insert({ title: 'before' })
    const { albumId, photoIds: [photoId = ''] } = await sync.batch((tables) => {
      tables.albums.update(before.id, { title: 'in the batch' })
      return album(tables)
    })
    await sync.photos.update(photoId, { title: 'after' })
    await sync.albums.update(before.id, { title: 'after' })
    await sync.albums.update(albumId, { title: 'after' })
    const writes = (await sync.offline.pending()).filter((item) => item.type !== 'upload')
    const ids = [...new Set(writes.map(({ id }) => id))]
    expect(writes.map(({ id, type }) => `${ids.indexOf(id)} ${type}`)).toEqual(['0 insert', '1 update', '1 insert', '1 insert', '1 insert', '2 update', '3 update', '4 update'])
    expect(ids.map((id) => writes.find((item) => item.id === id)?.waitsFor.mutations.map((other) => ids.indexOf(other)))).toEqual([[], [0], [1], [0, 1], [1]])
    remote.fault = () => 'pass'
    await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]), { timeout: 20_000 })
    expect(remote.applied).toEqual(ids)
    expect([...remote.rows.values()].map(({ title }) => title).sort()).toEqual(['after', 'after', 'after', 'photo 1'])
  })

  it('wait for the rows in it that they refer to', async () => {
    const remote = away()
    const sync = await opened(remote)
    const photo = await sync.photos.insert({ title: 'photo', image: image(500, 8) })
    const { albumId } = await sync.batch(album)
    // Part of the insert, it would be sent before the album.
    await sync.photos.update(photo.id, { albumId })
    remote.fault = () => 'pass'
    await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]), { timeout: 20_000 })
    const order = remote.log.map(({ change }) => change.rowId)
    expect(order.lastIndexOf(photo.id)).toBeGreaterThan(order.indexOf(albumId))
    expect(remote.row('photos', photo.id)).toMatchObject({ albumId })
  })

  it('commit in the order of the calls, whoever is slower', async () => {
    const remote = away()
    const sync = await opened(remote)
    const first = sync.photos.insert({ title: 'slow', image: image(400_000, 1) })
    const id = first.row?.id ?? ''
    const batch = sync.batch(({ photos, albums }) => {
      photos.update(id, { title: 'quick' })
      return albums.insert({ title: 'beside' })
    })
    const last = sync.photos.update(id, { title: 'last' })
    const done: string[] = []
    await Promise.all([first.then(() => done.push('first')), batch.then(() => done.push('batch')), last.then(() => done.push('last'))])
    expect(done).toEqual(['first', 'batch', 'last'])
    expect((await sync.photos.get(id))?.title).toBe('last')
  })

  it('fail with it when they build on its rows', async () => {
    const sync = await opened(away())
    const failing = sync.batch(({ photos }) => photos.insert({ title: 'x', image: unreadable() as BlobInput }))
    const [row] = await sync.photos.where({}).get()
    const update = sync.photos.update(row?.id ?? '', { title: 'y' })
    const other = sync.batch(({ albums, photos }) => {
      photos.update(row?.id ?? '', { title: 'z' })
      albums.insert({ title: 'with it' })
    })
    const third = sync.photos.update(row?.id ?? '', { title: 'w' })
    await expect(failing).rejects.toThrow('unreadable')
    await expect(third).rejects.toMatchObject({ code: 'DEPENDENCY_FAILED' })
    await expect(update).rejects.toMatchObject({ code: 'DEPENDENCY_FAILED' })
    await expect(other).rejects.toMatchObject({ code: 'DEPENDENCY_FAILED' })
    expect(await titles(sync)).toEqual([])
    expect(await sync.offline.pending()).toEqual([])
  })

  it('do not fail with it when they build on rows that are there', async () => {
    const sync = await opened(away())
    const { id } = await sync.albums.insert({ title: 'there' })
    const failing = sync.batch(({ albums, photos }) => {
      albums.update(id, { title: 'never' })
      photos.insert({ title: 'x', image: unreadable() as BlobInput })
    })
    const behind = sync.batch(({ albums, photos }) => {
      photos.delete(photos.insert({ title: 'y', image: image(5_000) }))
      albums.update(id, { title: 'after' })
    })
    await expect(failing).rejects.toThrow('unreadable')
    await behind
    await sync.albums.update(id, { title: 'later' })
    expect(await titles(sync)).toEqual(['later'])
  })

  it('delete one of its rows without taking the others back', async () => {
    const remote = away()
    const sync = await opened(remote)
    const batch = sync.batch(album)
    const [row] = await sync.photos.where({ title: 'photo 1' }).get()
    await sync.photos.delete(row?.id ?? '')
    await batch
    expect(await titles(sync)).toEqual(['Summer', 'photo 0'])
    remote.fault = () => 'pass'
    await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]), { timeout: 20_000 })
    expect([...remote.rows.values()].map(({ title }) => title).sort()).toEqual(['Summer', 'photo 0'])
  })

  it('may replace a row that was never stored', async () => {
    const sync = await opened(away())
    const never = sync.photos.insert({ title: 'never', image: unreadable() as BlobInput })
    const id = never.row?.id ?? ''
    const batch = sync.batch(({ photos }) => {
      photos.delete(id)
      photos.insert({ id, title: 'anew', image: image(5_000) })
    })
    await expect(never).rejects.toThrow('unreadable')
    await batch
    expect(await titles(sync)).toEqual(['anew'])
  })

  it('are not failed by a row in it that never came to be', async () => {
    const sync = await opened(away())
    const never = sync.photos.insert({ title: 'never', image: unreadable() as BlobInput })
    const batch = sync.batch(({ albums, photos }) => {
      photos.delete(never.row?.id ?? '')
      albums.insert({ title: 'kept' })
    })
    await expect(never).rejects.toThrow('unreadable')
    await batch
    expect(await titles(sync)).toEqual(['kept'])
  })
})

// R-100 F-45
it('is taken back as a whole, on the device and with its bytes', async () => {
  const sync = await opened(away())
  const write = sync.batch(album)
  await write
  const synced = expect(write.synced).rejects.toMatchObject({ code: 'DISCARDED' })
  const item = (await sync.offline.pending()).find(({ type }) => type === 'insert')
  await sync.offline.discard(item?.id ?? '')
  await synced
  await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]))
  expect(await titles(sync)).toEqual([])
})

it('shows in another tab of the device whole or not at all', async () => {
  const device = newDevice()
  const [writer, reader] = [await opened(away(), device), await opened(away(), device)]
  const seen = new Set<number>()
  reader.on('leader', () => undefined)
  const [albums, photos] = [reader.albums.where({}).live({}), reader.photos.where({}).live({})]
  const note = (): void => void seen.add(albums.getSnapshot().data.length + photos.getSnapshot().data.length)
  albums.subscribe(note)
  photos.subscribe(note)
  await writer.batch(album)
  await vi.waitFor(() => expect([...seen]).toEqual([3]))
})

it('does not begin when the engine was closed', async () => {
  const device = newDevice()
  const remote = away()
  const sync = createSyncEngine({
    name: 'batch-closed', schema, state: () => device.state('shared'), cache: { backend: () => device.cache('shared') }, blobs: fakeBlobs(remote), data: fakeData(remote),
    environment: { ...platformEnvironment(), locks: device.locks },
  })
  await sync.close()
  await expect(sync.batch(album)).rejects.toMatchObject({ code: 'CLOSED' })
})

it('does not wait in a circle for an earlier write that brings the same bytes', async () => {
  const device = newDevice()
  const [shared, slow] = [image(9_000, 71), new Blob([new Uint8Array(20_000)], { type: 'audio/wav' })]
  let staged = 0
  const sync = await opened(away(), withStage(device, async (source, stage) => {
    // The slowest of all, and then some.
    if (source.size === slow.size) {
      await vi.waitUntil(() => staged === 3)
      for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve))
    }
    const done = await stage()
    staged += 1
    return done
  }))
  const first = sync.photos.insert({ title: 'first', image: shared, audio: slow })
  const id = first.row?.id ?? ''
  const batch = sync.batch(({ photos }) => {
    photos.update(id, { title: 'second' })
    photos.insert({ title: 'beside', image: shared })
  })
  const single = sync.photos.update(id, { image: shared })
  await Promise.all([first, batch, single])
  expect(await titles(sync)).toEqual(['beside', 'second'])
})

/** The device with a cache whose staging a test may hold up or refuse. */
function withStage(device: Device, around: (source: Blob, stage: () => Promise<StagedBytes>) => Promise<StagedBytes>): Device {
  const store = device.cache('shared')
  const cache: CacheStore = {
    name: store.name, durable: store.durable,
    stage: (source, options) => (source instanceof Blob ? around(source, () => store.stage(source, options)) : store.stage(source, options)),
    publish: (one) => store.publish(one), discard: (id) => store.discard(id), sweep: (isAlive) => store.sweep(isAlive), get: (hash) => store.get(hash),
    read: (hash, range) => store.read(hash, range), delete: (hash) => store.delete(hash), list: (options) => store.list(options),
    destroy: () => store.destroy(), close: () => store.close(),
  }
  return { ...device, cache: () => cache }
}

/** Bytes that the platform refuses to read, as those of a file that was deleted meanwhile. */
function unreadable(): Blob {
  const fail = (): never => { throw new Error('unreadable') }
  return Object.assign(image(5_000, 99), { arrayBuffer: fail, stream: fail, slice: fail, bytes: fail })
}
