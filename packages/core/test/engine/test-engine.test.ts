import { afterEach, describe, expect, it } from 'vitest'
import { FakeRemote, testEngine, type TestApp } from '../../src/testing/index.ts'
import { image, schema } from './harness.ts'

const open: TestApp<typeof schema>[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()))
})
const device = (remote?: FakeRemote): TestApp<typeof schema> => {
  const app = testEngine({ schema, ...(remote === undefined ? {} : { remote }) })
  open.push(app)
  return app
}

describe('an engine for tests', () => {
  it('sends what was written, awaited or not, before settle resolves', async () => {
    const { sync, remote, settle } = device()
    const photo = sync.photos.insert({ title: 'Beach', image: image(9_000) })
    await settle()
    expect(await sync.offline.pending()).toEqual([])
    expect(remote.row('photos', photo.row?.id ?? '')).toMatchObject({ title: 'Beach' })
    expect(remote.blobs.size).toBe(1)
  })

  it('keeps what is written offline, through a reload, and sends it when the network is back', async () => {
    const app = device()
    app.network.goOffline()
    await app.sync.photos.insert({ title: 'Tunnel', image: image(9_000) })
    await app.settle()
    expect(app.remote.rows.size).toBe(0)
    expect(app.sync.status.getSnapshot().online).toBe(false)
    const again = await app.reload()
    open.push(again)
    expect((await again.sync.photos.where({}).get()).map(({ title }) => title)).toEqual(['Tunnel'])
    again.network.goOnline()
    await again.settle()
    expect(again.remote.rows.size).toBe(1)
    expect(await again.sync.offline.pending()).toEqual([])
  })

  it('shows what other devices and the server write', async () => {
    const [remote, rowId] = [new FakeRemote(), '00000000-0000-4000-8000-000000000001']
    const [mine, theirs] = [device(remote), device(remote)]
    remote.write({ kind: 'insert', table: 'albums', rowId, values: { title: 'by the server' }, previous: null })
    await theirs.sync.albums.insert({ title: 'by another device' })
    await theirs.settle()
    await mine.settle()
    expect((await mine.sync.albums.where({}).get()).map(({ title }) => title).sort()).toEqual(['by another device', 'by the server'])
    mine.network.goOffline()
    remote.write({ kind: 'update', table: 'albums', rowId, values: { title: 'not heard of' }, previous: null })
    await mine.settle()
    expect((await mine.sync.albums.get(rowId))?.title).toBe('by the server')
    mine.network.goOnline()
    await mine.settle()
    expect((await mine.sync.albums.get(rowId))?.title).toBe('not heard of')
  })

  it('settles with what a fault leaves behind', async () => {
    const { sync, remote, network, settle } = device()
    await settle()
    network.fault = (call) => (call === 'upload' ? 'fail-after' : 'pass')
    await sync.photos.insert({ title: 'lost answer', image: image(9_000) })
    await settle()
    expect((await sync.offline.pending()).map(({ type, state }) => `${type} ${state}`)).toEqual(['upload waiting', 'insert waiting'])
    network.fault = undefined
    await settle()
    expect(await sync.offline.pending()).toEqual([])
    expect(remote.uploads).toHaveLength(1)
  })
})
