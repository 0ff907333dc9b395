import { afterEach, expect, it, vi } from 'vitest'
import { ColumnIndex } from '../../src/store/column-index.ts'
import { LiveQuery } from '../../src/store/live-query.ts'
import { TableRows } from '../../src/store/table-rows.ts'
import { base, idsOf, photos, put, storeOf } from './support.ts'

const many = Array.from({ length: 1_000 }, (_, at) => put(`r${String(at).padStart(4, '0')}`, { stars: at, familyId: `f${at % 10}` }))

afterEach(() => {
  vi.restoreAllMocks()
})

it('looks at no other row when one row changes', () => {
  const store = storeOf(...many)
  const all = store.observe(photos().orderBy('stars'), () => {})
  const first = store.observe(photos().orderBy('stars', 'desc').limit(10), () => {})
  const look = vi.spyOn(TableRows.prototype, 'matching')
  for (let at = 0; at < 50; at += 1) store.apply([put(`r0${500 + at}`, { stars: 2_000 - at })])
  expect(look).not.toHaveBeenCalled()
  expect(all.rows()).toHaveLength(1_000)
  expect(idsOf(first.rows())).toBe('r0500 r0501 r0502 r0503 r0504 r0505 r0506 r0507 r0508 r0509')
})

it('fills a window again only after its spare rows are used up', () => {
  const store = storeOf(...many)
  const first = store.observe(photos().orderBy('stars').limit(10), () => {})
  const look = vi.spyOn(TableRows.prototype, 'matching')
  for (let at = 0; at < 200; at += 1) store.apply([base(`r${String(at).padStart(4, '0')}`, undefined)])
  expect(idsOf(first.rows())).toBe('r0200 r0201 r0202 r0203 r0204 r0205 r0206 r0207 r0208 r0209')
  expect(look.mock.calls.length).toBeGreaterThan(0)
  expect(look.mock.calls.length).toBeLessThan(5)
})

it('hands a change only to the queries that select by its values', () => {
  const store = storeOf(...many)
  for (let family = 0; family < 10; family += 1) store.observe(photos().where({ familyId: `f${family}` }), () => {})
  const handed = vi.spyOn(LiveQuery.prototype, 'apply')
  store.apply([put('r0003', { stars: 5, familyId: 'f3' })])
  expect(handed).toHaveBeenCalledTimes(1)
  store.apply([put('r0003', { stars: 5, familyId: 'f4' })])
  expect(handed).toHaveBeenCalledTimes(3)
})

it('shares an index among live queries and drops it after the last', () => {
  const store = storeOf(...many)
  const family = (name: string): ReturnType<typeof photos> => photos().where({ familyId: name })
  const seen = vi.spyOn(ColumnIndex.prototype, 'change')
  const lookedUp = vi.spyOn(ColumnIndex.prototype, 'ids')
  const observers = ['f1', 'f2', 'f1'].map((name) => store.observe(family(name), () => {}))
  store.apply([put('new', { familyId: 'f3' })])
  expect(seen).toHaveBeenCalledTimes(1)
  expect(store.run(family('f3'))).toHaveLength(101)
  expect(lookedUp).toHaveBeenLastCalledWith('f3')
  for (const observer of observers) observer.close()
  store.apply([put('newer', { familyId: 'f3' })])
  expect(seen).toHaveBeenCalledTimes(1)
  expect(store.run(family('f3'))).toHaveLength(102)
})
