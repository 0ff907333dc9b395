import { describe, expect, expectTypeOf, it } from 'vitest'
import { parseSchema, type Row } from '../../src/schema/index.ts'
import { and, createQuery, createRowStore, not, or, type Combination, type Condition, type SortableColumn, type Where } from '../../src/store/index.ts'
import type { BlobRef } from '../../src/wire/blob-ref.ts'
import type { Json } from '../../src/wire/json.ts'
import { routeOf } from '../../src/store/route.ts'
import { errorOf, existing, refOf } from '../schema/support.ts'
import { base, idsOf, photos, put, storeOf, type Photo } from './support.ts'

const at = (day: number): string => new Date(Date.UTC(2026, 0, day)).toISOString()
const day = (number: number): Date => new Date(Date.UTC(2026, 0, number))
const store = storeOf(
  put('a', { title: 'B', stars: 3, takenAt: at(1), familyId: 'smiths', image: refOf('a') }),
  put('b', { title: 'a', stars: 1, takenAt: at(3), familyId: 'joneses', hidden: true }),
  put('c', { title: 'B', stars: null, takenAt: null, familyId: 'smiths', tags: 'text' }),
  put('d', { title: 'ä', stars: 2, takenAt: at(2), familyId: 'smiths', tags: { list: [] } }),
  put('e', { title: '', stars: -1, takenAt: at(3), familyId: 'khans' }),
)

//
describe('where', () => {
  it.each<[Where<Photo>, string]>([
    [{}, 'a b c d e'],
    [{ familyId: 'smiths' }, 'a c d'],
    [{ familyId: 'smiths', title: 'B' }, 'a c'],
    [{ id: 'd' }, 'd'],
    [{ id: 'd', familyId: 'khans' }, ''],
    [{ id: 'nope' }, ''],
    [{ id: { in: ['e', 'a', 'nope', 'a'] } }, 'a e'],
    [{ familyId: { in: [] } }, ''],
    [{ stars: null }, 'c'],
    [{ stars: { ne: null } }, 'a b d e'],
    [{ stars: { ne: 3 } }, 'b c d e'],
    [{ stars: { in: [null, 3] } }, 'a c'],
    [{ stars: { gt: 1 } }, 'a d'],
    [{ stars: { gte: 1 } }, 'a b d'],
    [{ stars: { lt: 1 } }, 'e'],
    [{ stars: { lte: 1 } }, 'b e'],
    [{ stars: { gt: -1, lt: 3, ne: 2 } }, 'b'],
    [{ stars: { lt: Number.POSITIVE_INFINITY } }, 'a b d e'],
    [{ takenAt: day(3) }, 'b e'],
    [{ takenAt: { gt: day(1), lte: day(2) } }, 'd'],
    [{ takenAt: { in: [day(1), null] } }, 'a c'],
    [{ hidden: true }, 'b'],
    [{ hidden: { ne: true } }, 'a c d e'],
    [{ title: { gte: 'B', lt: 'ä' } }, 'a b c'],
    [{ title: '' }, 'e'],
    [{ image: null }, 'b c d e'],
    [{ image: { ne: null } }, 'a'],
    [{ tags: { ne: null } }, 'c d'],
  ])('%j selects "%s"', (conditions, ids) => {
    const query = photos().where(conditions)
    expect(idsOf(store.run(query))).toBe(ids)
    expect(store.count(query)).toBe(store.run(query).length)
    const observed = store.observe(query, () => {})
    expect(observed.rows()).toEqual(store.run(query))
    observed.close()
  })

  it('narrows further with each call', () => {
    const smiths = photos().where({ familyId: 'smiths' })
    expect(idsOf(store.run(smiths.where({ familyId: 'khans' })))).toBe('')
    expect(idsOf(store.run(smiths.where({ stars: { gt: 2 } })))).toBe('a')
    expect(idsOf(store.run(smiths))).toBe('a c d')
  })

  it.each<[object | null, string | undefined]>([
    [{ nope: 1 }, 'nope'], [{ constructor: 1 }, 'constructor'], [JSON.parse('{"__proto__":1}') as object, '__proto__'],
    [{ familyId: undefined }, 'familyId'], [{ familyId: 5 }, 'familyId'], [{ stars: '3' }, 'stars'], [{ stars: Number.NaN }, 'stars'],
    [{ stars: 3n }, 'stars'], [{ hidden: 1 }, 'hidden'], [{ takenAt: 5 }, 'takenAt'], [{ takenAt: '2026-01-01' }, 'takenAt'],
    [{ takenAt: new Date(Number.NaN) }, 'takenAt'], [{ takenAt: {} }, 'takenAt'], [{ takenAt: { after: day(1) } }, 'takenAt'],
    [{ takenAt: { toString: day(1) } }, 'takenAt'], [{ stars: { gt: null } }, 'stars'], [{ stars: { gt: undefined } }, 'stars'],
    [{ stars: { in: 3 } }, 'stars'], [{ stars: { in: ['3'] } }, 'stars'], [{ stars: [3] }, 'stars'], [{ image: refOf('a') }, 'image'],
    [{ image: 'x' }, 'image'], [{ tags: 'text' }, 'tags'], [{ tags: { in: ['text'] } }, 'tags'], [null, undefined],
  ])('refuses %o', (conditions, column) => {
    const error = errorOf('QUERY_INVALID', () => photos().where(conditions as never))
    expect(error.details).toEqual({ table: 'photos', column })
  })
})

//
describe('and, or and not', () => {
  it.each<[Condition<Photo>, string]>([
    [or({ familyId: 'khans' }, { familyId: 'joneses' }), 'b e'],
    [or({ familyId: 'khans' }, { stars: { gt: 2 } }, { title: 'a' }), 'a b e'],
    [or({ familyId: 'smiths', stars: { gt: 2 } }, { id: 'e' }), 'a e'],
    [or({ hidden: true }), 'b'],
    [and({ familyId: 'smiths' }, { stars: { ne: null } }), 'a d'],
    [and(or({ title: 'B' }, { title: 'ä' }), or({ stars: 3 }, { stars: 2 })), 'a d'],
    [not({ familyId: 'smiths' }), 'b e'],
    [not({ familyId: 'smiths', title: 'B' }), 'b d e'],
    [not(or({ familyId: 'smiths' }, { id: 'b' })), 'e'],
    [not(not({ id: 'b' })), 'b'],
    // An empty cell is not more than 1, and so it is among those that are not.
    [not({ stars: { gt: 1 } }), 'b c e'],
    [not({ stars: { lte: 1 } }), 'a c d'],
    [or(and({ familyId: 'smiths' }, not({ title: 'B' })), { takenAt: { gt: day(2) } }), 'b d e'],
    [or({ image: { ne: null } }, { tags: { ne: null } }), 'a c d'],
    [or({ familyId: { in: [] } }, { id: 'a' }), 'a'],
  ])('case %#', (condition, ids) => {
    const query = photos().where(condition)
    expect(idsOf(store.run(query))).toBe(ids)
    expect(store.count(query)).toBe(store.run(query).length)
    const observed = store.observe(query, () => {})
    expect(observed.rows()).toEqual(store.run(query))
    observed.close()
  })

  it('narrow like any other condition', () => {
    expect(idsOf(store.run(photos().where(or({ stars: 3 }, { stars: 1 })).where({ familyId: 'smiths' })))).toBe('a')
  })

  it.each<[() => Condition<Photo>, string | undefined]>([
    [() => or(), undefined], [() => and(), undefined], [() => or({}, { id: 'a' }), undefined], [() => and({}), undefined], [() => not({}), undefined],
    [() => not<Photo>(undefined as never), undefined], [() => or(null as never), undefined], [() => or({ id: 'a' }, { nope: 1 } as never), 'nope'],
    [() => not({ stars: undefined } as never), 'stars'], [() => or([{ id: 'a' }] as never), '0'], [() => ({ or: [{ id: 'a' }] }) as never, 'or'],
  ])('refuse nonsense %#', (make, column) => {
    expect(errorOf('QUERY_INVALID', () => photos().where(make())).details).toEqual({ table: 'photos', column })
  })

  it('leave columns of their names alone', () => {
    const schema = parseSchema({ words: { id: 'string', or: 'string', and: 'string', not: 'string' } })
    const words = createRowStore(schema)
    words.apply([{ is: 'base', table: 'words', rowId: 'w', row: { or: '1', and: '2', not: '3' } }])
    const query = createQuery(existing(schema, 'words')).where({ or: '1', and: '2' }).where(not({ not: '4' }))
    expect(words.run(query)).toHaveLength(1)
  })

  it('are found through the columns that every alternative selects by', () => {
    const routes: Condition<Photo>[] = [or({ id: 'a' }, { id: { in: ['b', 'a'] } }), or({ id: 'a', stars: 1 }, { stars: 2 }), or({ id: 'a' }, { stars: 2 }), not({ id: 'a' })]
    expect(routes.map((condition) => routeOf(photos().where(condition).plan))).toEqual([
      { column: 'id', values: ['a', 'b'] }, { column: 'stars', values: [1, 2] }, undefined, undefined,
    ])
  })
})

describe('offset', () => {
  it.each([
    [photos().offset(2), 'c d e'],
    [photos().orderBy('stars', 'desc').offset(1).limit(2), 'd b'],
    [photos().offset(4).offset(1).limit(1), 'b'],
    [photos().offset(9), ''],
    [photos().where({ familyId: 'smiths' }).offset(1), 'c d'],
  ])('passes over rows, case %#', (query, ids) => {
    expect(idsOf(store.run(query))).toBe(ids)
    expect(store.count(query)).toBe(store.run(query).length)
  })

  it('refuses counts that are none', () => {
    for (const count of [-1, 1.5, Number.NaN, '5']) expect(errorOf('QUERY_INVALID', () => photos().offset(count as number)).details.column).toBeUndefined()
  })
})

describe('a cursor', () => {
  const byDay = photos().orderBy('takenAt', 'desc')
  const rowOf = (id: string): Photo => store.row('photos', id) as unknown as Photo
  const at_ = (id: string): string => byDay.cursor(rowOf(id))

  it.each([
    // The whole order is b e d a c.
    [byDay.after(at_('e')), 'd a c'],
    [byDay.after(at_('e')).limit(1), 'd'],
    [byDay.after(at_('c')), ''],
    [byDay.before(at_('a')), 'b e d'],
    [byDay.before(at_('a')).limit(2), 'e d'],
    [byDay.before(at_('a')).limit(1).offset(1), 'e'],
    [byDay.before(at_('b')), ''],
    [byDay.after(at_('b')).before(at_('c')), 'e d a'],
    [byDay.after(at_('b')).before(at_('c')).limit(1), 'e'],
    [byDay.after(at_('a')).after(at_('b')).limit(1), 'e'],
    [byDay.where({ familyId: 'smiths' }).after(at_('e')), 'd a c'],
    [photos().after(photos().cursor(rowOf('c'))), 'd e'],
    [photos().orderBy('id', 'desc').after(photos().orderBy('id', 'desc').cursor(rowOf('c'))), 'b a'],
  ])('parts the rows, case %#', (query, ids) => {
    expect(idsOf(store.run(query))).toBe(ids)
    expect(store.count(query)).toBe(store.run(query).length)
    const observed = store.observe(query, () => {})
    expect(observed.rows()).toEqual(store.run(query))
    observed.close()
  })

  it('stays where it is when its row changes or goes, and when others come', () => {
    const page = byDay.after(at_('e')).limit(2)
    const changing = storeOf(put('a', { takenAt: at(1) }), put('b', { takenAt: at(3) }), put('d', { takenAt: at(2) }), put('e', { takenAt: at(3) }))
    const observed = changing.observe(page, () => {})
    expect(idsOf(observed.rows())).toBe('d a')
    changing.apply([put('f', { takenAt: at(9) }), base('e', undefined), put('b', { takenAt: at(8) })])
    expect(idsOf(observed.rows())).toBe('d a')
  })

  it('is the same text for the same place', () => {
    expect(at_('e')).toBe(at_('e'))
    expect(byDay.where({ hidden: true }).cursor(rowOf('b'))).toBe(at_('b'))
    expect(byDay.after(at_('e')).key).toBe(byDay.after(at_('e')).key)
  })

  it.each<[unknown]>([
    [''], ['x'], ['{}'], ['[]'], ['null'], [undefined], [5], [photos().cursor(rowOf('a'))], [photos().orderBy('takenAt').cursor(rowOf('a'))],
    [at_('a').replace('photos', 'families')], ['["photos","takenAt desc",[],"a"]'], ['["photos","takenAt desc",["2026"],"a"]'],
    ['["photos","takenAt desc",[1e99],"a"]'], ['["photos","takenAt desc",[null],5]'], ['["photos","takenAt desc",null,"a"]'], ['["photos","takenAt desc",[null,1],"a"]'],
  ])('of another order or of nothing is refused: %s', (cursor) => {
    expect(errorOf('QUERY_INVALID', () => byDay.after(cursor as string)).details.table).toBe('photos')
    expect(errorOf('QUERY_INVALID', () => byDay.before(cursor as string)).details.table).toBe('photos')
  })

  it('is not taken from anything but a row', () => {
    for (const row of [undefined, null, 'a', {}, { id: 5 }, { id: 'a' }, { id: 'a', takenAt: '2026' }]) {
      expect(errorOf('QUERY_INVALID', () => byDay.cursor(row as unknown as Photo)).details.table).toBe('photos')
    }
  })

  it('comes behind the order that it belongs to', () => {
    expect(errorOf('QUERY_INVALID', () => byDay.after(at_('a')).orderBy('stars')).details.column).toBe('stars')
  })
})

describe('orderBy and limit', () => {
  it.each([
    [photos().orderBy('stars'), 'c e b d a'],
    [photos().orderBy('stars', 'desc'), 'a d b e c'],
    [photos().orderBy('takenAt'), 'c a d b e'],
    [photos().orderBy('takenAt', 'desc'), 'b e d a c'],
    [photos().orderBy('title'), 'e a c b d'],
    [photos().orderBy('hidden', 'desc'), 'b a c d e'],
    [photos().orderBy('familyId').orderBy('stars', 'desc'), 'b e a d c'],
    [photos().orderBy('id', 'desc'), 'e d c b a'],
    [photos().orderBy('stars').limit(2), 'c e'],
    [photos().limit(2).limit(3), 'a b c'],
    [photos().limit(0), ''],
    [photos().where({ familyId: 'smiths' }).orderBy('stars', 'desc').limit(2), 'a d'],
  ])('orders case %#', (query, ids) => {
    expect(idsOf(store.run(query))).toBe(ids)
    expect(store.count(query)).toBe(store.run(query).length)
  })

  it('refuses what has no order, and counts that are none', () => {
    for (const column of ['nope', 'image', 'tags']) expect(errorOf('QUERY_INVALID', () => photos().orderBy(column as 'id')).details.column).toBe(column)
    expect(errorOf('QUERY_INVALID', () => photos().orderBy('stars', 'up' as 'asc')).details.column).toBe('stars')
    for (const count of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5']) {
      expect(errorOf('QUERY_INVALID', () => photos().limit(count as number)).details).toEqual({ table: 'photos', column: undefined })
    }
  })
})

describe('the key of a query', () => {
  it('is the same for the same question', () => {
    expect(photos().where({ stars: 1, title: 'x' }).key).toBe(photos().where({ title: 'x' }).where({ stars: 1 }).key)
    expect(photos().where({ takenAt: day(1) }).key).toBe(photos().where({ takenAt: day(1) }).key)
    expect(photos().where({ stars: -0 }).key).toBe(photos().where({ stars: 0 }).key)
    expect(photos().where(or({ stars: 1, title: 'x' }, { id: 'a' })).key).toBe(photos().where(or({ id: 'a' }, { title: 'x', stars: 1 })).key)
    expect(photos().where(and({ stars: 1 }, { title: 'x' })).key).toBe(photos().where({ stars: 1, title: 'x' }).key)
    expect(photos().where(or(or({ stars: 1 }, { stars: 2 }), { id: 'a' })).key).toBe(photos().where(or({ id: 'a' }, { stars: 2 }, { stars: 1 })).key)
    expect(photos().where(not(not({ stars: 1 }))).key).toBe(photos().where({ stars: 1 }).key)
    expect(photos().limit(1).offset(0).key).toBe(photos().limit(1).key)
  })

  it('differs for different questions', () => {
    const queries = [
      photos(), photos().where({ stars: 1 }), photos().where({ stars: null }), photos().where({ stars: { ne: 1 } }), photos().where({ stars: { in: [1] } }),
      photos().where({ title: '1' }), photos().where({ title: 'null' }), photos().orderBy('stars'), photos().orderBy('stars', 'desc'),
      photos().orderBy('stars').orderBy('title'), photos().orderBy('title').orderBy('stars'), photos().limit(0), photos().limit(1),
      photos().where({ stars: { lt: Number.POSITIVE_INFINITY } }), photos().where({ stars: { lt: Number.NEGATIVE_INFINITY } }),
      photos().where(not({ stars: 1 })), photos().where(not({ stars: 1, title: 'x' })), photos().where(not({ stars: 1 })).where(not({ title: 'x' })),
      photos().where(or({ stars: 1 }, { title: 'x' })), photos().where({ stars: 1, title: 'x' }), photos().where(or({ stars: 1, title: 'x' }, { id: 'a' })),
      photos().where(or({ stars: 1 }, { title: 'x' }, { id: 'a' })), photos().offset(1), photos().offset(1).limit(1), photos().offset(2),
      photos().after('["photos","",[],"a"]'), photos().before('["photos","",[],"a"]'), photos().after('["photos","",[],"b"]'),
    ]
    expect(new Set(queries.map(({ key }) => key)).size).toBe(queries.length)
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(photos())).toBe(true)
  })
})

it('knows by type what can be compared and ordered', () => {
  //
  interface R { readonly id: string; readonly at: Date | null; readonly on: boolean; readonly image: BlobRef | null; readonly tags: NonNullable<Json> }
  expectTypeOf<SortableColumn<R>>().toEqualTypeOf<'id' | 'at' | 'on'>()
  expectTypeOf<{ at: Date }>().toExtend<Where<R>>()
  expectTypeOf<{ at: { gt: Date; in: (Date | null)[] } }>().toExtend<Where<R>>()
  expectTypeOf<{ at: null; image: null; on: true }>().toExtend<Where<R>>()
  expectTypeOf<{ image: { ne: null }; tags: { ne: null } }>().toExtend<Where<R>>()
  expectTypeOf<{ at: { gt: null } }>().not.toExtend<Where<R>>()
  expectTypeOf<{ at: string }>().not.toExtend<Where<R>>()
  expectTypeOf<{ id: null }>().not.toExtend<Where<R>>()
  expectTypeOf<{ tags: 'x' }>().not.toExtend<Where<R>>()
  expectTypeOf<{ anything: 5 }>().toExtend<Where<Row>>()
  expectTypeOf<SortableColumn<Row>>().toEqualTypeOf<string>()
})

it('infers inside of combinations what the table has', () => {
  //
  const stranger: Combination<{ readonly id: string; readonly nope: number }> = or<{ readonly id: string; readonly nope: number }>({ nope: 1 })
  expectTypeOf(photos().where).parameter(0).toEqualTypeOf<Condition<Photo>>()
  expectTypeOf(stranger).not.toExtend<Condition<Photo>>()
  expectTypeOf(or<Photo>({ stars: 1 }, not({ hidden: true }))).toExtend<Condition<Photo>>()
})
