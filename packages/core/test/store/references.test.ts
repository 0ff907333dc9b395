import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { RowStore, StoreChange } from '../../src/store/index.ts'
import { hashInCell } from '../../src/schema/index.ts'
import { hashOf, refOf } from '../schema/support.ts'
import { base, layer, overlay, photo, put, storeOf } from './support.ts'

const cellsOf = (store: RowStore, digit: string): readonly string[] => store.rowsOf(hashOf(digit)).map(({ table, id, column }) => `${table} ${id} ${column}`).sort()

it('counts a blob while the server or the person sees it', () => {
  const store = storeOf(put('r', { image: refOf('a') }), overlay('r', layer('update', { image: refOf('b') })))
  expect([store.references(hashOf('a')), store.references(hashOf('b'))]).toEqual([1, 1])
  store.apply([overlay('r', layer('delete'))])
  expect([store.references(hashOf('a')), store.references(hashOf('b'))]).toEqual([1, 0])
  store.apply([base('r', undefined), overlay('r')])
  expect(store.references(hashOf('a'))).toBe(0)
  expect(store.rowsOf(hashOf('a'))).toEqual([])
})

it('names every cell once, in any row and column', () => {
  const store = storeOf(
    put('r', { image: refOf('a'), cover: refOf('a') }), put('s', { cover: refOf('a') }), overlay('t', layer('insert', photo('t', { image: refOf('a') }))),
  )
  expect(cellsOf(store, 'a')).toEqual(['photos r cover', 'photos r image', 'photos s cover', 'photos t image'])
  expect(store.references(hashOf('a'))).toBe(4)
})

it('counts a blob of a row that does not fit the schema', () => {
  const store = storeOf(put('r', { title: 5, image: refOf('a') }), put('s', { image: hashOf('a') }), put('t', { image: { hash: hashOf('a') } }))
  expect(cellsOf(store, 'a')).toEqual(['photos r image', 'photos s image', 'photos t image'])
})

it('is what a look through all rows would find', () => {
  const ids = ['r', 's', 't']
  const digits = ['a', 'b', 'c']
  const cell = fc.option(fc.constantFrom(...digits).map((digit) => refOf(digit)))
  const values = fc.record({ image: cell, cover: cell }, { requiredKeys: [] })
  const change: fc.Arbitrary<StoreChange> = fc.oneof(
    fc.tuple(fc.constantFrom(...ids), fc.option(values)).map(([id, row]) => base(id, row === null ? undefined : photo(id, row))),
    fc.tuple(fc.constantFrom(...ids), fc.array(fc.tuple(fc.constantFrom('insert', 'update', 'delete'), values), { maxLength: 2 })).map(([id, layers]) =>
      overlay(id, ...layers.map(([kind, more]) => layer(kind, more)))),
  )
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 10 }), (rounds) => {
      const store = storeOf()
      for (const round of rounds) {
        store.apply(round)
        for (const digit of digits) {
          const naive = ids.flatMap((id) => ['cover', 'image'].filter((column) =>
            [store.baseRow('photos', id), store.wire('photos', id)].some((row) => hashInCell(row?.[column]) === hashOf(digit))).map((column) => `photos ${id} ${column}`))
          expect(cellsOf(store, digit)).toEqual(naive)
          expect(store.references(hashOf(digit))).toBe(naive.length)
        }
      }
    }),
  )
})
