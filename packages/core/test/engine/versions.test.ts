import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSyncEngine, type SchemaMigration, type SyncEngine } from '../../src/index.ts'
import { hashBlob } from '../../src/hash/index.ts'
import type { StateStore } from '../../src/provider/index.ts'
import { LEASE_KEY, ledgerKey, mutationKey } from '../../src/state/keys.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, openTab, tabEnvironment, type Device, type TestEngine } from './harness.ts'

const open: { close(): Promise<void> }[] = []
const track = <Engine extends { close(): Promise<void> }>(engine: Engine): Engine => {
  open.push(engine)
  return engine
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

async function put(state: StateStore, key: string, value: unknown): Promise<void> {
  await state.update([], () => ({ ops: [{ put: key, value }], result: undefined }), { durability: 'strict' })
}
const get = async (state: StateStore, key: string): Promise<unknown> => (await state.get([key]))[0]
const away = (): FakeRemote => {
  const remote = new FakeRemote()
  remote.fault = () => 'fail-before'
  return remote
}
const settled = (engine: Pick<TestEngine, 'offline'>): Promise<void> => vi.waitFor(async () => expect(await engine.offline.pending()).toEqual([]), { timeout: 5_000 })

describe('a queued write of newer code', () => {
  // F-22
  it.each([['newer', { v: 2, whatever: true }], ['damaged', { v: 1, id: 'x', seq: 2, ops: 'none' }], ['damaged', 7]])('or a %s one is left where it is, and holds nothing else back', async (_, value) => {
    const [device, remote] = [newDevice(), away()]
    const state = device.state('shared')
    const first = track(openTab(device, remote))
    await first.albums.insert({ title: 'before' })
    await first.close()
    await put(state, mutationKey(2), value)
    await put(state, 'meta/mutation-seq', 2)
    remote.fault = () => 'pass'
    const second = track(openTab(device, remote))
    await settled(second)
    await second.albums.insert({ title: 'after' }).synced
    await second.close()
    expect(await get(state, mutationKey(2))).toEqual(value)
    expect([...remote.rows.values()].map(({ title }) => title).sort()).toEqual(['after', 'before'])
  })

  // F-22
  it('is not said to be synced by an older tab that cannot read it', async () => {
    const [device, remote] = [newDevice(), away()]
    const engine = track(openTab(device, remote))
    const write = engine.albums.insert({ title: 'mine' })
    await write
    await engine.offline.pending()
    let isSynced = false
    write.synced.then(() => (isSynced = true), () => undefined)
    const state = device.state('shared')
    const record = await get(state, mutationKey(1))
    await put(state, mutationKey(1), { ...(record as object), v: 2 })
    await vi.waitFor(async () => expect(await engine.offline.pending()).toEqual([]))
    expect(isSynced).toBe(false)
    await put(state, mutationKey(1), record)
    remote.fault = () => 'pass'
    await engine.offline.flush()
    await write.synced
  })
})

describe('a ledger record', () => {
  // F-22
  it('of newer code is never written over: bytes of its name are refused', async () => {
    const device = newDevice()
    const file = image(9_000, 81)
    const key = ledgerKey(await hashBlob(file))
    const theirs = { v: 2, its: 'own words' }
    await put(device.state('shared'), key, theirs)
    const engine = track(openTab(device, new FakeRemote()))
    await expect(engine.photos.insert({ title: 'x', image: file })).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW', details: { found: 2, known: 1 } })
    await expect(engine.photos.insert({ title: 'x', image: file.slice(0, 9_000, 'image/png') })).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW' })
    expect(await get(device.state('shared'), key)).toEqual(theirs)
    expect(await engine.photos.count()).toBe(0)
  })

  it('that is damaged is put aside, and a new one begun', async () => {
    const device = newDevice()
    const file = image(500, 82)
    const key = ledgerKey(await hashBlob(file))
    await put(device.state('shared'), key, { v: 1, hash: null })
    const engine = track(openTab(device, new FakeRemote()))
    await engine.photos.insert({ title: 'x', image: file }).synced
    expect(await get(device.state('shared'), `aside/${key}`)).toEqual({ v: 1, hash: null })
  })
})

// F-22
it('does not take the lead from newer code', async () => {
  const device = newDevice()
  const lease = { v: 2, epoch: 7, tabId: 'newer' }
  await put(device.state('shared'), LEASE_KEY, lease)
  const engine = track(openTab(device, new FakeRemote()))
  const errors: unknown[] = []
  engine.on('syncError', ({ error }) => errors.push(error))
  await vi.waitFor(() => expect(errors).toContainEqual(expect.objectContaining({ code: 'SCHEMA_TOO_NEW' })))
  expect(await get(device.state('shared'), LEASE_KEY)).toEqual(lease)
})

describe('a new schema', () => {
  const before = { notes: { id: 'uuid', caption: 'string', mood: { type: 'string', optional: true }, scan: { type: 'blob' }, sketch: { type: 'blob', optional: true } } } as const
  const after = { notes: { id: 'uuid', title: 'string', stars: 'integer', scan: { type: 'blob' } } } as const
  const migrations: readonly SchemaMigration[] = [
    { to: 2, tables: { notes: { rename: { caption: 'headline' }, add: { stars: 3 } } } },
    { to: 3, tables: { notes: { rename: { headline: 'title' }, drop: ['mood', 'sketch'] } } },
  ]
  let engines = 0
  const parts = (device: Device, remote: FakeRemote): Pick<Parameters<typeof createSyncEngine>[0], 'name' | 'state' | 'cache' | 'blobs' | 'data' | 'environment'> => ({
    name: `schema-${(engines += 1)}`, state: () => device.state('shared'), cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 },
    blobs: fakeBlobs(remote), data: fakeData(remote), environment: tabEnvironment(device),
  })
  const old = (device: Device, remote: FakeRemote): SyncEngine<typeof before> => track(createSyncEngine({ ...parts(device, remote), schema: before }))
  const young = (device: Device, remote: FakeRemote): SyncEngine<typeof after> => track(createSyncEngine({ ...parts(device, remote), schema: after, schemaVersion: 3, migrations }))

  it('finds the writes that were queued under the old one in its own words, with their bytes', async () => {
    const [device, remote] = [newDevice(), new FakeRemote()]
    const first = old(device, remote)
    const sent = first.notes.insert({ caption: 'sent', scan: image(300, 90) })
    const { id } = await sent
    await sent.synced
    remote.fault = () => 'fail-before'
    const queued = await first.notes.insert({ caption: 'queued', mood: 'good', scan: image(9_000, 91), sketch: image(9_000, 92) })
    await first.notes.update(id, { caption: 'changed', mood: 'bad' })
    await first.close()
    const second = young(device, remote)
    expect((await second.notes.where({}).get()).map(({ title, stars }) => `${title} ${stars}`)).toEqual(['queued 3'])
    expect(await second.offline.pending()).toMatchObject([{ type: 'upload' }, { type: 'upload' }, { data: { title: 'queued', stars: 3 } }, { data: { title: 'changed' } }])
    expect(JSON.stringify(await second.offline.pending())).not.toMatch(/caption|mood/)
    remote.fault = () => 'pass'
    await second.offline.flush()
    await settled(second)
    expect(remote.row('notes', queued.id)).toEqual({ title: 'queued', stars: 3, scan: queued.scan })
    expect(remote.row('notes', id)).toMatchObject({ title: 'changed' })
    // Nothing names the sketch any more: once the write is done its bytes are let go.
    await vi.waitFor(async () => expect(await device.cache('shared').get(queued.sketch?.hash ?? 'sha256:')).toBeUndefined())
  })

  // F-22
  it('is left to the tabs that know it: an older one neither sends nor drops its writes', async () => {
    const [device, remote] = [newDevice(), away()]
    const first = young(device, remote)
    await first.notes.insert({ title: 'new words', stars: 5, scan: image(9_000, 93) })
    await first.close()
    remote.fault = () => 'pass'
    const second = old(device, remote)
    await second.notes.insert({ caption: 'old words', scan: image(300, 94) }).synced
    expect([...remote.rows.values()].map(({ caption, title }) => caption ?? title)).toEqual(['old words'])
    await second.close()
    const third = young(device, remote)
    await third.offline.flush()
    await settled(third)
    expect([...remote.rows.values()].map(({ caption, title }) => caption ?? title)).toEqual(['old words', 'new words'])
  })

  it.each([['a missing step', 3, migrations.slice(0, 1)], ['steps in disorder', 3, migrations.toReversed()], ['steps too many', 1, migrations]])('refuses %s', (_, schemaVersion, steps) => {
    const make = (): unknown => createSyncEngine({ ...parts(newDevice(), new FakeRemote()), schema: after, schemaVersion, migrations: steps })
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { option: 'migrations' } }))
  })
})
