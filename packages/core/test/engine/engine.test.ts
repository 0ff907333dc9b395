import { afterEach, describe, expect, it, vi } from 'vitest'
import { hashBlob } from '../../src/hash/index.ts'
import { FakeRemote } from '../../src/testing/index.ts'
import { image, newDevice, openTab, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
const track = (engine: TestEngine): TestEngine => {
  open.push(engine)
  return engine
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

describe('an engine', () => {
  // R-090 R-091 R-092 R-093 R-097 R-099
  it('shows a row at once, stores it, and brings it to the server', async () => {
    const remote = new FakeRemote()
    const sync = track(openTab(newDevice(), remote))
    const blob = image(50_000)
    const write = sync.photos.insert({ title: 'Beach Day', image: blob })
    expect(write.row?.title).toBe('Beach Day')
    const photo = await write
    expect(photo.image.hash).toBe(await hashBlob(blob))
    await write.synced
    expect(remote.row('photos', photo.id)).toMatchObject({ title: 'Beach Day', image: { hash: photo.image.hash, type: 'image/jpeg' } })
    expect(await hashBlob(remote.blobs.get(photo.image.hash) ?? new Blob())).toBe(photo.image.hash)
    await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]))
  })

  // R-094 R-178 F-14
  it('keeps writes made while no server answers, and sends them later', async () => {
    const remote = new FakeRemote()
    remote.fault = () => 'fail-before'
    const device = newDevice()
    const first = track(openTab(device, remote))
    const photo = await first.photos.insert({ title: 'offline', image: image(60_000, 2), audio: new Blob(['wav'], { type: 'audio/wav' }) })
    expect((await first.offline.pending()).map((item) => item.type)).toEqual(['upload', 'upload', 'insert'])
    await first.close()
    remote.fault = () => 'pass'
    const second = track(openTab(device, remote))
    expect((await second.photos.get(photo.id))?.title).toBe('offline')
    await vi.waitFor(async () => expect(await second.offline.pending()).toEqual([]))
    expect(remote.row('photos', photo.id)).toBeDefined()
    expect(remote.applied).toHaveLength(1)
  })

  it('shows on another device what one wrote, byte for byte', async () => {
    const remote = new FakeRemote()
    const writer = track(openTab(newDevice(), remote))
    const reader = track(openTab(newDevice(), remote))
    const blob = image(70_000, 3)
    const write = writer.photos.insert({ title: 'shared', image: blob })
    const photo = await write
    await write.synced
    await vi.waitFor(async () => expect(await reader.photos.get(photo.id)).toBeDefined())
    const row = await reader.photos.get(photo.id)
    const bytes = await reader.blobs.get(row?.image ?? photo.image)
    expect(bytes?.type).toBe('image/jpeg')
    expect(await bytes?.arrayBuffer()).toEqual(await blob.arrayBuffer())
  })

  // R-101 R-102 R-179 F-56
  it('updates and deletes in the order of the calls', async () => {
    const remote = new FakeRemote()
    const sync = track(openTab(newDevice(), remote))
    const album = await sync.albums.insert({ title: 'a' })
    const inserted = sync.photos.insert({ title: 'one', image: image(40_000, 4), albumId: album.id })
    const id = inserted.row?.id ?? ''
    const updated = sync.photos.update(id, { title: 'two' })
    await Promise.all([inserted, updated])
    await updated.synced
    expect(remote.row('photos', id)).toMatchObject({ title: 'two', albumId: album.id })
    expect(remote.uploads).toHaveLength(1)
    await sync.photos.delete(id).synced
    expect(remote.row('photos', id)).toBeUndefined()
    expect(await sync.photos.get(id)).toBeUndefined()
  })

  // R-077 R-078 E-047
  it('refuses wrong types and sizes before anything is stored', async () => {
    const remote = new FakeRemote()
    const sync = track(openTab(newDevice(), remote))
    await expect(sync.photos.insert({ title: 'x', image: new Blob(['<html>'], { type: 'text/html' }) })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
    await expect(sync.photos.insert({ title: 'x', image: image(1_000_001) })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
    expect(await sync.photos.count()).toBe(0)
    expect(await sync.offline.pending()).toEqual([])
  })

  it('shares queue and rows between two tabs, of which one leads', async () => {
    const remote = new FakeRemote()
    const device = newDevice()
    const [a, b] = [track(openTab(device, remote, { name: 'tab-a' })), track(openTab(device, remote, { name: 'tab-b' }))]
    await Promise.all([a.photos.insert({ title: 'from a', image: image(30_000, 5) }), b.photos.insert({ title: 'from b', image: image(30_000, 6) })])
    await vi.waitFor(async () => {
      expect((await a.photos.where({}).get()).map((row) => row.title).sort()).toEqual(['from a', 'from b'])
      expect((await b.photos.where({}).get()).map((row) => row.title).sort()).toEqual(['from a', 'from b'])
      expect(await b.offline.pending()).toEqual([])
    })
    expect(remote.uploads).toHaveLength(2)
    expect(remote.applied).toHaveLength(2)
  })
})
