import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createSyncEngine, platformEnvironment, type SyncEngine, type SyncEngineOptions } from '@bse/core'
import { memoryCache, memoryChannels, memoryLocks, memoryState } from '@bse/core/memory'
import { FakeRemote, fakeBlobs } from '@bse/core/testing'
import { electricData } from '../src/index.ts'
import { ElectricHost, pgliteTest } from './support/electric-host.ts'

const schema = { notes: { id: 'string', body: 'string', place: { type: 'string', optional: true } } } as const
type Options = SyncEngineOptions<typeof schema>
type Engine = SyncEngine<typeof schema>

const PATIENCE = { timeout: 45_000 }

let host: ElectricHost
beforeAll(async () => {
  host = await ElectricHost.open(await pgliteTest(), 'create table notes (id text primary key, body text not null, place text)', { mutations: { schema } })
}, 120_000)
afterAll(() => host.close())

let engines = 0

/** A device that is offline while `isCut` says so. */
function device(options: Pick<Options, 'offline' | 'onConflict'>): { readonly engine: Engine; cut(isCut: boolean): void } {
  let isCut = false
  const engine = createSyncEngine({
    name: `policies-${(engines += 1)}`, schema, state: memoryState(), cache: { backend: memoryCache() }, blobs: fakeBlobs(new FakeRemote()),
    data: electricData({ url: `http://127.0.0.1:${host.port}` }), ...options,
    environment: {
      ...platformEnvironment(), locks: memoryLocks(), channel: memoryChannels(),
      fetch: (input, init) => (isCut ? Promise.reject(new TypeError('cut')) : fetch(input, init)),
    },
  })
  onTestFinished(() => engine.close())
  return { engine, cut: (now) => void (isCut = now) }
}

/** Two people change one note, the second without a network: what the first one's device shows in the end. */
async function afterBoth(id: string, options: Pick<Options, 'offline' | 'onConflict'>): Promise<{ readonly body: string | undefined; readonly outcome: string }> {
  const [first, second] = [device({}), device(options)]
  await first.engine.notes.insert({ id, body: 'as both saw it' }).synced
  await expect.poll(() => second.engine.notes.get(id), PATIENCE).toMatchObject({ body: 'as both saw it' })
  second.cut(true)
  const late = second.engine.notes.update(id, { body: 'the second' })
  await late
  await first.engine.notes.update(id, { body: 'the first', place: 'Lund' }).synced
  second.cut(false)
  void second.engine.offline.flush()
  const outcome = await late.synced.then(() => 'synced', (error: unknown) => String((error as { readonly code?: unknown }).code))
  await expect.poll(() => second.engine.notes.get(id), PATIENCE).toMatchObject({ place: 'Lund' })
  const { body } = (await second.engine.notes.get(id)) ?? {}
  await expect.poll(() => first.engine.notes.get(id), PATIENCE).toMatchObject({ body, place: 'Lund' })
  return { body, outcome }
}

//
it('under last-write-wins what was written last is in force in Postgres and on every device', async () => {
  expect(await afterBoth('last', { offline: { conflictResolution: 'last-write-wins' } })).toEqual({ body: 'the second', outcome: 'synced' })
  expect(await host.database.rows("select body, place from notes where id = 'last'")).toEqual([{ body: 'the second', place: 'Lund' }])
})

//
it('under server-wins the row of the server stands', async () => {
  expect(await afterBoth('server', { offline: { conflictResolution: 'server-wins' } })).toEqual({ body: 'the first', outcome: 'DISCARDED' })
  expect(await host.database.rows("select body, place from notes where id = 'server'")).toEqual([{ body: 'the first', place: 'Lund' }])
})

//
it('under manual the app decides, from both sides', async () => {
  const asked: unknown[] = []
  const outcome = await afterBoth('manual', {
    offline: { conflictResolution: 'manual' },
    onConflict: async ({ base, local, remote }) => {
      asked.push({ base, local, remote })
      return { body: `${String(local?.['body'])} and ${String(remote?.['body'])}` }
    },
  })
  expect(outcome).toEqual({ body: 'the second and the first', outcome: 'synced' })
  expect(asked).toEqual([{ base: { body: 'as both saw it' }, local: { body: 'the second' }, remote: expect.objectContaining({ body: 'the first', place: 'Lund' }) as unknown }])
})
