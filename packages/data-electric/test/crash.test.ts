import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { FakeRemote } from '@bse/core/testing'
import type { SeenRequest } from '../../../scripts/services/proxy.ts'
import type { ElectricDataOptions } from '../src/index.ts'
import { ElectricHost, pgliteTest } from './support/electric-host.ts'
import { EngineDevice, FAMILY_TABLES, image, type FamilyEngine } from './support/engine-device.ts'

const PATIENCE = { timeout: 45_000, interval: 20 }
const isPush = ({ method, path }: SeenRequest): boolean => method === 'POST' && path.startsWith('/mutations')
const MINE = '018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a01'
const THEIRS = '018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a02'

let host: ElectricHost
beforeAll(async () => {
  host = await ElectricHost.open(await pgliteTest(), FAMILY_TABLES, { shapes: { deletion: true }, mutations: { casing: 'snake' } })
}, 120_000)
afterAll(() => host.close())

const devices: EngineDevice[] = []
beforeEach(() => host.database.run('truncate photos'))
afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.close()))
})

async function newDevice(options: Partial<ElectricDataOptions> = {}): Promise<EngineDevice> {
  const device = await EngineDevice.make(() => host.port, new FakeRemote(), options)
  devices.push(device)
  return device
}

async function inDatabase(): Promise<readonly unknown[]> {
  return (await host.database.rows('select title from photos order by title')).map(({ title }) => title)
}

async function titles(engine: FamilyEngine): Promise<readonly string[]> {
  return (await engine.photos.where({}).get()).map(({ title }) => title).sort()
}

async function settled(engine: FamilyEngine): Promise<void> {
  await vi.waitFor(async () => expect(await engine.offline.pending()).toEqual([]), PATIENCE)
}

/** The tab that takes over finds everything settled, applied once, although somebody has changed the row since. */
async function goesOnAfter(device: EngineDevice, die: () => void, changedSince: string | undefined): Promise<void> {
  die()
  const next = device.openTab().engine
  await settled(next)
  await vi.waitFor(async () => expect(await titles(next)).toEqual([changedSince ?? 'mine']), PATIENCE)
  expect(await inDatabase()).toEqual([changedSince ?? 'mine'])
}

// R-100 F-1
it('sends once what a tab had queued that died before its request', async () => {
  const device = await newDevice()
  const { engine, tab } = device.openTab()
  await device.wire.close()
  await engine.photos.insert({ title: 'mine' })
  tab.die()
  await device.wire.listen()
  await goesOnAfter(device, () => undefined, undefined)
}, 90_000)

// F-1
it('sends again what a tab was sending when it died', async () => {
  const device = await newDevice()
  const { engine, tab } = device.openTab()
  const cut = device.wire.cut({ part: 'body', after: 40, request: isPush })
  await engine.photos.insert({ title: 'mine' })
  await cut.hit
  await goesOnAfter(device, () => tab.die(), undefined)
}, 90_000)

// F-6
it('does not apply again what was applied before its tab died, and knows it although its transaction had passed', async () => {
  const device = await newDevice()
  const { engine, tab } = device.openTab()
  await engine.ready
  const held = device.wire.inject({ part: 'answer', after: 0, request: isPush }, { do: 'hold', until: () => new Promise(() => undefined) })
  await engine.photos.insert({ title: 'mine' })
  await held.hit
  // It changes and comes back by the stream, while the answer is still on its way.
  await host.database.run(`update photos set title = 'by another'`)
  const other = await newDevice()
  const reader = other.openTab().engine
  await vi.waitFor(async () => expect(await titles(reader)).toEqual(['by another']), PATIENCE)
  await goesOnAfter(device, () => tab.die(), 'by another')
}, 90_000)

// F-6
it('settles a row whose transaction comes by the stream before the answer to its push', async () => {
  const device = await newDevice()
  const { engine } = device.openTab()
  await engine.ready
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const held = device.wire.inject({ part: 'answer', after: 0, request: isPush }, { do: 'hold', until: () => released })
  const photo = await engine.photos.insert({ title: 'mine' })
  await held.hit
  // Written after ours: once it is shown, ours has passed.
  await host.database.run(`insert into photos (id, title) values ('${THEIRS}', 'later')`)
  await vi.waitFor(async () => expect(await titles(engine)).toEqual(['later', 'mine']), PATIENCE)
  expect(await engine.offline.pending()).toHaveLength(1)
  release()
  await settled(engine)
  expect((await engine.photos.get(photo.id))?.title).toBe('mine')
}, 90_000)

it('settles a row that is outside of what this device follows', async () => {
  const device = await newDevice({ tables: { photos: { where: 'family_id = $1', params: [MINE] } } })
  const { engine } = device.openTab()
  await engine.photos.insert({ title: 'ours', familyId: MINE })
  await settled(engine)
  await engine.photos.insert({ title: 'theirs', familyId: THEIRS })
  await settled(engine)
  await vi.waitFor(async () => expect(await titles(engine)).toEqual(['ours']), PATIENCE)
  expect(await inDatabase()).toEqual(['ours', 'theirs'])
}, 90_000)

it('keeps rows and writes when the shape is given up, and never shows an empty table', async () => {
  const device = await newDevice()
  const { engine } = device.openTab()
  await host.database.run(`insert into photos (id, title) values ('${THEIRS}', 'there before')`)
  await vi.waitFor(async () => expect(await titles(engine)).toEqual(['there before']), PATIENCE)
  const seen: number[] = []
  const live = engine.photos.where({}).live({})
  const unsubscribe = live.subscribe(() => seen.push(live.getSnapshot().data.length))
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const held = device.wire.inject({ part: 'body', after: 0, request: isPush }, { do: 'hold', until: () => released })
  await engine.photos.insert({ title: 'mine' })
  await held.hit
  expect((await fetch(`http://127.0.0.1:${host.port}/v1/shape?table=photos`, { method: 'DELETE' })).status).toBe(202)
  await host.database.run(`update photos set title = 'after it'`)
  await vi.waitFor(async () => expect(await titles(engine)).toEqual(['after it', 'mine']), PATIENCE)
  release()
  await settled(engine)
  expect(await titles(engine)).toEqual(['after it', 'mine'])
  unsubscribe()
  expect(Math.min(...seen)).toBeGreaterThan(0)
}, 90_000)

it('sends what was queued before the table changed, and goes on with the new shape', async () => {
  const device = await newDevice()
  const first = device.openTab().engine
  await vi.waitFor(async () => expect(await titles(first)).toEqual([]), PATIENCE)
  await device.wire.close()
  await first.photos.insert({ title: 'mine', takenAt: new Date('2024-02-29T12:00:00.000Z') })
  await host.database.run('alter table photos add column place text')
  await host.database.run(`insert into photos (id, title, place) values ('${THEIRS}', 'with a place', 'Lund')`)
  await device.wire.listen()
  await settled(first)
  await vi.waitFor(async () => expect(await titles(first)).toEqual(['mine', 'with a place']), PATIENCE)
  expect(await inDatabase()).toEqual(['mine', 'with a place'])
}, 90_000)

//
it('shows in the engine what plain SQL writes, changes and deletes', async () => {
  const device = await newDevice()
  const { engine } = device.openTab()
  await host.database.run(`insert into photos (id, title, taken_at, family_id) values ('${THEIRS}', 'by hand', '2024-02-29 12:00:00+01', '${MINE}')`)
  await vi.waitFor(async () => expect(await titles(engine)).toEqual(['by hand']), PATIENCE)
  expect(await engine.photos.get(THEIRS)).toMatchObject({ takenAt: new Date('2024-02-29T11:00:00.000Z'), familyId: MINE })
  await host.database.run(`update photos set title = 'changed by hand', family_id = null`)
  await vi.waitFor(async () => expect(await titles(engine)).toEqual(['changed by hand']), PATIENCE)
  expect((await engine.photos.get(THEIRS))?.familyId ?? null).toBeNull()
  await host.database.run('delete from photos')
  await vi.waitFor(async () => expect(await titles(engine)).toEqual([]), PATIENCE)
}, 90_000)

// R-090 R-091 R-093 R-094 R-096 R-097 R-098 R-101 R-102
it('brings rows that were written without a network to Postgres, with their references as jsonb', async () => {
  const device = await newDevice()
  await device.wire.close()
  const { engine } = device.openTab()
  const photo = await engine.photos.insert({ title: 'offline', takenAt: new Date('2024-02-29T12:00:00.000Z'), image: image(5_000) })
  expect(photo).toMatchObject({ title: 'offline', image: { sizeBytes: 5_000, type: 'image/jpeg' } })
  await device.wire.listen()
  await settled(engine)
  const stored = await host.database.rows(`select title, taken_at::text as taken_at, image->>'hash' as hash, image->'sizeBytes' as size, pg_typeof(image)::text as type from photos`)
  expect(stored).toEqual([{ title: 'offline', taken_at: '2024-02-29 12:00:00+00', hash: photo.image?.hash, size: 5_000, type: 'jsonb' }])
  await engine.photos.update(photo.id, { image: image(6_000, 2) })
  await settled(engine)
  const [replaced] = await host.database.rows(`select title, image->'sizeBytes' as size from photos`)
  expect(replaced).toEqual({ title: 'offline', size: 6_000 })
  await engine.photos.delete(photo.id)
  await settled(engine)
  expect(await inDatabase()).toEqual([])
}, 90_000)

it('starts without a network with the rows that it had, and goes on from there', async () => {
  const device = await newDevice()
  const first = device.openTab()
  await host.database.run(`insert into photos (id, title) values ('${THEIRS}', 'kept')`)
  await vi.waitFor(async () => expect(await titles(first.engine)).toEqual(['kept']), PATIENCE)
  await device.wire.close()
  first.tab.die()
  const { engine } = device.openTab()
  await engine.ready
  expect(await titles(engine)).toEqual(['kept'])
  await host.database.run(`insert into photos (id, title) values ('${MINE}', 'meanwhile')`)
  device.wire.forget()
  await device.wire.listen()
  await vi.waitFor(async () => expect(await titles(engine)).toEqual(['kept', 'meanwhile']), PATIENCE)
  expect(device.wire.requests.filter(({ path }) => path.includes('offset=-1'))).toEqual([])
}, 90_000)
