import { describe, expect, it } from 'vitest'
import { createQuery } from '../../src/store/index.ts'
import { parseSchema } from '../../src/schema/index.ts'
import { errorOf, existing, refOf } from '../schema/support.ts'
import { base, idsOf, layer, overlay, photo, photos, put, storeOf } from './support.ts'

describe('the view of a row', () => {
  it('is the server row with pending writes in order', () => {
    const store = storeOf(put('a', { stars: 1 }), overlay('a', layer('update', { stars: 2, title: 'x' }), layer('update', { title: 'y' })))
    expect(store.row('photos', 'a')).toMatchObject({ stars: 2, title: 'y', familyId: 'smiths' })
    expect(store.wire('photos', 'a')).toEqual(photo('a', { stars: 2, title: 'y' }))
    expect(store.baseRow('photos', 'a')).toEqual(photo('a', { stars: 1 }))
  })

  it('shows a pending insert and takes it back', () => {
    //
    const store = storeOf(overlay('a', layer('insert', photo('a'))))
    expect(store.row('photos', 'a')).toMatchObject({ id: 'a', title: 'Photo a' })
    expect(store.baseRow('photos', 'a')).toBeUndefined()
    store.apply([overlay('a')])
    expect(store.row('photos', 'a')).toBeUndefined()
    expect(store.wire('photos', 'a')).toBeUndefined()
  })

  it.each([
    ['a delete hides the row', [layer('delete')], undefined],
    ['an update after a delete shows nothing', [layer('delete'), layer('update', { stars: 5 })], undefined],
    ['an insert after a delete begins anew', [layer('delete'), layer('insert', photo('a', { title: 'new' }))], { title: 'new', stars: null }],
    ['an insert of a row that came already merges', [layer('insert', { title: 'mine' })], { title: 'mine', stars: 1 }],
    ['an upsert merges', [layer('upsert', { stars: 3 })], { title: 'Photo a', stars: 3 }],
  ])('holds that %s', (_, layers, expected) => {
    const row = storeOf(put('a', { stars: 1 }), overlay('a', ...layers)).row('photos', 'a')
    if (expected === undefined) expect(row).toBeUndefined()
    else expect(row).toMatchObject(expected)
  })

  it('shows nothing for an update of a row that is gone', () => {
    const store = storeOf(put('a'), overlay('a', layer('update', { stars: 2 })))
    store.apply([base('a', undefined)])
    expect(store.row('photos', 'a')).toBeUndefined()
    store.apply([put('a')])
    expect(store.row('photos', 'a')?.stars).toBe(2)
  })

  it('does not flicker when the server brings what was pending', () => {
    const store = storeOf(overlay('a', layer('insert', photo('a'))))
    const observed = store.observe(photos(), () => expect.fail('nothing changed for the person'))
    const [row] = observed.rows()
    store.apply([put('a'), overlay('a')])
    expect(observed.rows()[0]).toBe(row)
    expect(store.row('photos', 'a')).toBe(row)
  })

  it('takes the id from the key, not from the columns', () => {
    expect(storeOf(base('a', { title: 'x', familyId: 'f', id: 'other' })).row('photos', 'a')?.id).toBe('a')
  })
})

describe('the identity of a row', () => {
  it('stays while no value changes', () => {
    const values = { takenAt: '2026-01-01T00:00:00.000Z', image: refOf('a'), tags: { list: [1, { deep: 'x' }] } }
    const store = storeOf(put('a', values))
    const row = store.row('photos', 'a')
    store.apply([put('a', structuredClone(values))])
    expect(store.row('photos', 'a')).toBe(row)
    store.apply([put('a', { ...values, unknown: 1, takenAt: '2026-01-01T01:00:00+01:00' })])
    expect(store.row('photos', 'a')).toBe(row)
  })

  it.each([
    { tags: { list: [1, { deep: 'y' }] } }, { tags: { list: [1] } }, { tags: { list: [1, { deep: 'x' }, 2] } }, { tags: { list: [1, { deep: 'x' }], more: 1 } }, { tags: {} }, { tags: [] }, { tags: null }, { takenAt: '2026-01-01T00:00:00.001Z' },
    { image: refOf('b') }, { image: { ...refOf('a'), name: 'x' } }, { title: 'other' },
  ])('changes with %j, and only changed cells change theirs', (change) => {
    const values = { takenAt: '2026-01-01T00:00:00.000Z', image: refOf('a'), tags: { list: [1, { deep: 'x' }] } }
    const store = storeOf(put('a', values))
    const before = store.row('photos', 'a')
    store.apply([put('a', { ...structuredClone(values), ...change })])
    const after = store.row('photos', 'a')
    expect(after).not.toBe(before)
    expect(Object.isFrozen(after)).toBe(true)
    for (const column of ['takenAt', 'image', 'tags']) {
      if (!Object.hasOwn(change, column)) expect(after?.[column]).toBe(before?.[column])
      else expect(after?.[column]).not.toEqual(before?.[column])
    }
  })
})

describe('rows that do not fit the schema', () => {
  it('are out of sight and reported until they fit', () => {
    const store = storeOf(put('a', { title: 5 }), put('b', { stars: 'many' }), put('c'))
    expect(idsOf(store.run(photos()))).toBe('b c')
    expect(store.row('photos', 'b')?.stars).toBeNull()
    expect(store.issues().map(({ id, issues }) => `${id} ${issues[0]?.column}`)).toEqual(['a title', 'b stars'])
    expect(store.baseRow('photos', 'a')).toMatchObject({ title: 5 })
    store.apply([put('a'), base('b', undefined)])
    expect(store.issues()).toEqual([])
    expect(idsOf(store.run(photos()))).toBe('a c')
  })

  it('of unknown tables are ignored', () => {
    const store = storeOf({ is: 'base', table: 'albums', rowId: 'a', row: {} }, { is: 'overlay', table: '__proto__', rowId: 'a', layers: [] }, put('b'))
    expect(store.row('albums', 'a')).toBeUndefined()
    expect(store.wire('albums', 'a')).toBeUndefined()
    expect(idsOf(store.run(photos()))).toBe('b')
  })

  it('cannot change what other objects inherit', () => {
    // F-85
    const hostile = JSON.parse('{"title":"x","familyId":"f","__proto__":{"polluted":1},"tags":{"__proto__":{"polluted":1}}}') as { title: string }
    const store = storeOf(base('__proto__', hostile), base('constructor', hostile), overlay('a', layer('insert', hostile)))
    expect(idsOf(store.run(photos()))).toBe('__proto__ a constructor')
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(store.row('photos', 'a')).not.toHaveProperty('polluted')
  })
})

describe('observe', () => {
  it('tells each listener once for a round, after all of it', () => {
    const store = storeOf(put('a'), put('b'))
    const seen: string[] = []
    const all = store.observe(photos(), () => seen.push(`all ${idsOf(all.rows())} / ${idsOf(some.rows())}`))
    const some = store.observe(photos().where({ title: 'x' }), () => seen.push(`some ${idsOf(all.rows())} / ${idsOf(some.rows())}`))
    store.apply([put('a', { title: 'x' }), base('b', undefined), put('c', { title: 'x' }), put('c', { title: 'y' })])
    expect(seen.sort()).toEqual(['all a c / a', 'some a c / a'])
  })

  it('gives the same array until something in it changed', () => {
    // F-95
    const store = storeOf(put('a', { stars: 1 }), put('b', { stars: 2 }), put('c', { stars: 3 }))
    let told = 0
    const observed = store.observe(photos().orderBy('stars').limit(2), () => (told += 1))
    const first = observed.rows()
    expect(Object.isFrozen(first)).toBe(true)
    store.apply([put('c', { stars: 4 }), put('d', { stars: 9 })])
    store.apply([put('a', { stars: 1 })])
    expect(told).toBe(0)
    expect(observed.rows()).toBe(first)
    store.apply([put('a', { stars: 8 })])
    expect(told).toBe(1)
    expect(observed.rows()).not.toBe(first)
    expect(idsOf(observed.rows())).toBe('b c')
    expect(idsOf(first)).toBe('a b')
  })

  it('shares the rows of those who ask the same', () => {
    const store = storeOf(put('a'), put('b', { stars: 5 }))
    let told = 0
    const query = (): ReturnType<typeof photos> => photos().where({ familyId: 'smiths', stars: { ne: 5 } })
    const one = store.observe(query(), () => (told += 1))
    const other = store.observe(photos().where({ stars: { ne: 5 } }).where({ familyId: 'smiths' }), () => (told += 1))
    expect(other.rows()).toBe(one.rows())
    one.close()
    one.close()
    store.apply([put('c')])
    expect(told).toBe(1)
    expect(idsOf(other.rows())).toBe('a c')
    expect(store.run(query())).toBe(other.rows())
  })

  it('tells two observers that pass one function, each once', () => {
    const store = storeOf()
    let told = 0
    const listener = (): void => void (told += 1)
    const one = store.observe(photos(), listener)
    store.observe(photos(), listener)
    store.apply([put('a')])
    expect(told).toBe(2)
    one.close()
    store.apply([put('b')])
    expect(told).toBe(3)
  })

  it('does not call a listener that another one has closed', () => {
    const store = storeOf()
    const observers = ['one', 'two'].map(() => store.observe(photos(), () => {
      told += 1
      for (const observer of observers) observer.close()
    }))
    let told = 0
    store.apply([put('a')])
    expect(told).toBe(1)
  })

  it('tells everybody of changes that a listener makes', () => {
    const store = storeOf()
    const seen: string[] = []
    const first = store.observe(photos(), () => {
      seen.push(`first ${idsOf(first.rows())}`)
      if (store.row('photos', 'b') === undefined) store.apply([put('b')])
    })
    const second = store.observe(photos().orderBy('title', 'desc'), () => seen.push(`second ${idsOf(second.rows())}`))
    store.apply([put('a')])
    expect(seen).toEqual(['first a', 'second b a', 'first a b'])
  })

  it('goes on for as long as a listener makes changes', () => {
    const store = storeOf()
    let told = 0
    store.observe(photos(), () => {
      told += 1
      if (told < 5_000) store.apply([put('a', { stars: told })])
    })
    store.apply([put('a')])
    expect(told).toBe(5_000)
  })

  it('lets a listener fail without harm to the others', () => {
    const store = storeOf()
    let told = 0
    const failing = store.observe(photos(), () => { throw new Error('one') })
    store.observe(photos(), () => { throw new Error('two') })
    store.observe(photos(), () => (told += 1))
    expect(() => store.apply([put('a')])).toThrow(AggregateError)
    failing.close()
    expect(() => store.apply([put('b')])).toThrow('two')
    expect(told).toBe(2)
    expect(idsOf(store.run(photos()))).toBe('a b')
  })

  it('gives rows so far before the store is ready, and tells when it is', () => {
    const store = storeOf(put('a'))
    let told = 0
    const observed = store.observe(photos(), () => (told += 1))
    const rows = observed.rows()
    expect([store.ready, idsOf(rows)]).toEqual([false, 'a'])
    store.markReady()
    store.markReady()
    expect([store.ready, told]).toEqual([true, 1])
    expect(observed.rows()).toBe(rows)
  })

  it('refuses a query of another schema', () => {
    const other = existing(parseSchema({ albums: { id: 'uuid' } }), 'albums')
    const store = storeOf()
    const query = createQuery(other)
    for (const ask of [() => store.run(query), () => store.count(query), () => store.observe(query, () => {})]) {
      expect(errorOf('QUERY_INVALID', ask).details.table).toBe('albums')
    }
  })
})
