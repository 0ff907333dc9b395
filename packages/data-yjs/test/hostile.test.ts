import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { LocalReplica, mutation, op } from './support/local.ts'

/** What a hostile device wrote into the document, and one good row. */
async function after(write: (map: Y.Map<unknown>) => void): Promise<LocalReplica> {
  const hostile = new Y.Doc()
  const map = hostile.getMap<unknown>('bse:photos')
  map.set('good', true)
  map.set('good\0title', 'fine')
  write(map)
  const replica = await LocalReplica.open()
  Y.applyUpdate(replica.doc, Y.encodeStateAsUpdate(hostile))
  return replica
}

test('drops values of the wrong type and keeps the row', async () => { // F-85
  const replica = await after((map) => {
    const wrong: Record<string, unknown> = {
      title: 7, caption: { not: 'text' }, position: 1.5, rating: 'many', public: 1, takenAt: 'yesterday', meta: undefined, image: { hash: 'sha256:xyz' },
    }
    for (const [column, value] of Object.entries(wrong)) map.set(`good\0${column}`, value)
  })
  expect(await replica.rows()).toEqual({ good: {} })
  expect(replica.warnings).toContainEqual({ table: 'photos', column: 'position', problem: 'is no integer' })
})

test('drops shared types, bytes, bigints and null where it is not allowed', async () => { // F-85
  const replica = await after((map) => {
    map.set('good\0meta', new Y.Map([['nested', 1]]))
    map.set('good\0caption', new Y.Text('rich'))
    map.set('r2', true)
    map.set('r2\0title', null)
    map.set('r2\0meta', new Uint8Array([1, 2, 3]))
    map.set('r3', true)
    map.set('r3\0meta', { inside: [10n] })
  })
  expect(await replica.rows()).toEqual({ good: { title: 'fine' }, r2: {}, r3: {} })
})

test('lets no key reach a prototype', async () => { // F-85
  const replica = await after((map) => {
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      map.set(name, true)
      map.set(`${name}\0title`, 'x')
      map.set(`${name}\0polluted`, true)
      map.set(`good\0${name}`, { polluted: true })
    }
    const evil: unknown = JSON.parse('{ "__proto__": { "polluted": true }, "fine": 1 }')
    map.set('good\0meta', evil)
  })
  const rows = await replica.rows()
  expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined()
  expect(rows.good).toEqual({ title: 'fine' })
  expect(Object.keys(rows).sort()).toEqual(['__proto__', 'constructor', 'good', 'prototype'])
})

test('leaves out rows whose id cannot be a key', async () => { // F-85
  const replica = await after((map) => {
    for (const rowId of ['', 'x'.repeat(256), 'ÿ'.repeat(200)]) {
      map.set(rowId, true)
      map.set(`${rowId}\0title`, 'x')
    }
    map.set('dead', 'yes')
    map.set('dead\0title', 'not alive')
  })
  expect(await replica.rows()).toEqual({ good: { title: 'fine' } })
})

test('says the same thing once', async () => {
  const replica = await after((map) => map.set('good\0title', 7))
  await replica.rows()
  await replica.rows()
  expect(replica.warnings).toHaveLength(1)
})

test.each([
  ['an unknown table', { ...op('insert', 'r1'), table: 'nowhere' }],
  ['an unknown column', op('insert', 'r1', { title: 'x', extra: 1 })],
  ['half of a surrogate pair', op('insert', 'r1', { title: '\ud800' })],
  ['an id with half of a surrogate pair', op('insert', '\udfff', { title: 'x' })],
  ['an id with a NUL', op('insert', 'a\0b', { title: 'x' })],
  ['a key __proto__', op('insert', 'r1', { title: 'x', meta: JSON.parse('{"__proto__":1}') as never })],
])('rejects a mutation with %s and applies the others', async (_what, bad) => { // F-87
  const replica = await LocalReplica.open()
  const outcomes = await replica.push(mutation(op('insert', 'before', { title: 'x' })), mutation(bad), mutation(op('insert', 'after', { title: 'x' })))
  expect(outcomes).toEqual(['applied', 'VALIDATION_FAILED', 'applied'])
  expect(Object.keys(await replica.rows())).toEqual(['before', 'after'])
})
