import * as EffectSchema from 'effect/Schema'
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import * as z from 'zod'
import { and, createSyncEngine, not, or, platformEnvironment, type EngineQuery, type RowOf, type SyncEngine } from '../../src/index.ts'
import { fakeBlobs, fakeData, FakeRemote } from '../../src/testing/index.ts'
import { newDevice } from './harness.ts'

const schema = {
  notes: {
    id: 'string',
    text: { type: 'string', schema: z.string().trim().min(1, 'is empty') },
    kind: { type: 'string', schema: z.enum(['todo', 'idea']), default: 'todo' },
    place: { type: 'json', schema: EffectSchema.toStandardSchemaV1(EffectSchema.Struct({ city: EffectSchema.NonEmptyString })), optional: true },
    rank: 'integer',
  },
} as const

const open: SyncEngine<typeof schema>[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0
async function engine(count = 0): Promise<SyncEngine<typeof schema>> {
  const [device, remote] = [newDevice(), new FakeRemote()]
  const sync = createSyncEngine({
    name: `query-${(engines += 1)}`, schema, state: () => device.state('shared'), cache: { backend: () => device.cache('shared') }, blobs: fakeBlobs(remote),
    data: fakeData(remote), environment: { ...platformEnvironment(), locks: device.locks },
  })
  open.push(sync)
  await sync.batch(({ notes }) => {
    for (let rank = 1; rank <= count; rank++) notes.insert({ id: `n${rank}`, text: `note ${rank}`, kind: rank % 2 === 0 ? 'idea' : 'todo', rank })
  })
  return sync
}

const idsOf = (rows: readonly { readonly id: string }[]): string => rows.map(({ id }) => id).join(' ')

//
describe('queries of an engine', () => {
  it('combine conditions, typed', async () => {
    const sync = await engine(6)
    const query = sync.notes.where(or({ kind: 'idea', rank: { lt: 5 } }, not({ rank: { gt: 1 } }), and({ id: 'n5' }, { kind: 'todo' }))).orderBy('rank')
    expectTypeOf(query).toEqualTypeOf<EngineQuery<RowOf<typeof schema, 'notes'>, never>>()
    expect(idsOf(await query.get())).toBe('n1 n2 n4 n5')
    expect(await query.count()).toBe(4)
  })

  it('give their first row, or undefined', async () => {
    const sync = await engine(6)
    const byRank = sync.notes.where({}).orderBy('rank')
    expect((await byRank.first())?.id).toBe('n1')
    expect((await byRank.offset(2).first())?.id).toBe('n3')
    expect((await byRank.limit(0).first())?.id).toBeUndefined()
    expect((await byRank.before(byRank.cursor({ ...(await sync.notes.get('n5'))! })).limit(2).first())?.id).toBe('n3')
    expect(await sync.notes.where({ rank: 99 }).first()).toBeUndefined()
  })

  it('turn pages by cursor that no insert shifts', async () => {
    const sync = await engine(6)
    const pages = sync.notes.where({}).orderBy('rank', 'desc').limit(2)
    const first = await pages.get()
    expect(idsOf(first)).toBe('n6 n5')
    await sync.notes.insert({ id: 'n7', text: 'newest', rank: 7 })
    await sync.notes.delete('n5')
    const second = pages.after(pages.cursor(first[1]!))
    expect(idsOf(await second.get())).toBe('n4 n3')
    const back = pages.before(pages.cursor((await second.get())[0]!))
    expect(idsOf(await back.get())).toBe('n7 n6')
    expect(idsOf(await pages.offset(2).get())).toBe('n4 n3')
  })

  //
  it('stay live on a page behind a cursor', async () => {
    const sync = await engine(6)
    const pages = sync.notes.where(not({ kind: 'idea' })).orderBy('rank').limit(2)
    const live = pages.after(pages.cursor((await sync.notes.get('n1'))!)).live({})
    const stop = live.subscribe(() => undefined)
    expect(idsOf(live.getSnapshot().data)).toBe('n3 n5')
    await sync.notes.insert({ id: 'n0', text: 'in front', rank: 0 })
    expect(idsOf(live.getSnapshot().data)).toBe('n3 n5')
    await sync.notes.update('n4', { kind: 'todo' })
    await vi.waitFor(() => expect(idsOf(live.getSnapshot().data)).toBe('n3 n4'))
    stop()
  })

  it('have one key however their conditions are ordered', async () => {
    const { notes } = await engine()
    expect(notes.where(or({ rank: 1 }, { kind: 'idea' })).offset(1).key).toBe(notes.where(or({ kind: 'idea' }, { rank: 1 })).offset(1).key)
    const live = notes.where(or({ rank: 1 }, { kind: 'idea' })).live({})
    const stop = live.subscribe(() => undefined)
    expect(notes.where(or({ kind: 'idea' }, { rank: 1 })).live({})).toBe(live)
    stop()
  })
})

// R-080 R-204
describe('columns with schemas in an engine', () => {
  it('store what the schemas make of the input', async () => {
    const sync = await engine()
    const note = await sync.notes.insert({ id: 'a', text: ' trimmed ', place: { city: 'Lund' }, rank: 1 })
    expect(note).toEqual({ id: 'a', text: 'trimmed', kind: 'todo', place: { city: 'Lund' }, rank: 1 })
    expectTypeOf(note.kind).toEqualTypeOf<'todo' | 'idea'>()
    expect((await sync.notes.update('a', { kind: 'idea' })).kind).toBe('idea')
  })

  it('refuse at the write, with all issues', async () => {
    const sync = await engine()
    const write = sync.notes.insert({ id: 'a', text: ' ', kind: 'odd' as 'todo', place: { city: '' }, rank: 1 })
    await expect(write).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      details: { issues: [{ column: 'text', rule: 'custom', message: 'is empty' }, { column: 'kind', rule: 'custom' }, { column: 'place', rule: 'custom' }] },
    })
    expect(await sync.notes.count()).toBe(0)
    expect(await sync.offline.pending()).toEqual([])
  })
})
