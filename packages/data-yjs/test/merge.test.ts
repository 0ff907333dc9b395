import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { dataSuiteTables } from '@bse/core/testing'
import type { MutationOp } from '@bse/core/wire'
import { Draft } from '../src/draft.ts'
import { exchange, LocalReplica, mutation, op } from './support/local.ts'

/** Two devices that both know the row `r1`. */
async function pair(values = { title: 'one', caption: 'old' }): Promise<readonly [LocalReplica, LocalReplica]> {
  const [a, b] = [await LocalReplica.open(), await LocalReplica.open()]
  await a.push(mutation(op('insert', 'r1', values)))
  exchange(a.doc, b.doc)
  return [a, b]
}

async function merged(a: LocalReplica, b: LocalReplica): Promise<unknown> {
  exchange(a.doc, b.doc)
  const rows = await a.rows()
  expect(await b.rows()).toEqual(rows)
  return rows
}

test('keeps both when two devices make the same row apart', async () => {
  const [a, b] = [await LocalReplica.open(), await LocalReplica.open()]
  await a.push(mutation(op('upsert', 'settings', { title: 'by a' })))
  await b.push(mutation(op('upsert', 'settings', { caption: 'by b' })))
  expect(await merged(a, b)).toEqual({ settings: { title: 'by a', caption: 'by b' } })
})

test('a deletion is not undone in part by a concurrent edit', async () => {
  const [a, b] = await pair()
  await a.push(mutation(op('delete', 'r1')))
  await b.push(mutation(op('update', 'r1', { caption: 'edited meanwhile' })))
  expect(await merged(a, b)).toEqual({})
})

test('a concurrent upsert keeps the row with what it wrote', async () => {
  const [a, b] = await pair()
  await a.push(mutation(op('delete', 'r1')))
  await a.push(mutation(op('upsert', 'r1', { title: 'made anew' })))
  await b.push(mutation(op('delete', 'r1')))
  expect(await merged(a, b)).toEqual({ r1: { title: 'made anew' } })
})

test('a deletion stands against an upsert of a row that was there', async () => {
  const [a, b] = await pair()
  await a.push(mutation(op('delete', 'r1')))
  await b.push(mutation(op('upsert', 'r1', { caption: 'patched meanwhile' })))
  expect(await merged(a, b)).toEqual({})
})

test('an edit of a row that is gone does nothing', async () => {
  const [a, b] = await pair()
  await a.push(mutation(op('delete', 'r1')))
  await merged(a, b)
  expect(await b.push(mutation(op('update', 'r1', { title: 'too late' })))).toEqual(['applied'])
  expect(await merged(a, b)).toEqual({})
})

test('a row inserted anew has nothing of its first life', async () => {
  const [a, b] = await pair()
  await a.push(mutation(op('delete', 'r1')))
  await b.push(mutation(op('update', 'r1', { caption: 'orphan' })))
  await merged(a, b)
  await a.push(mutation(op('insert', 'r1', { title: 'second life' })))
  expect(await merged(a, b)).toEqual({ r1: { title: 'second life' } })
})

test('applies the ops of a mutation as one change of the document', async () => {
  const replica = await LocalReplica.open()
  let transactions = 0
  replica.doc.on('afterTransaction', (transaction) => {
    if (transaction.changed.size > 0) transactions += 1
  })
  await replica.push(mutation(op('insert', 'r1', { title: 'one' }), op('insert', 'r2', { title: 'two' }), op('delete', 'r1')))
  expect(transactions).toBe(1)
  expect(await replica.rows()).toEqual({ r2: { title: 'two' } })
})

const anyOp: fc.Arbitrary<MutationOp> = fc.record({
  kind: fc.constantFrom('insert' as const, 'update' as const, 'upsert' as const, 'delete' as const),
  rowId: fc.constantFrom('a', 'b', 'zoë'),
  title: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
  position: fc.option(fc.integer(), { nil: undefined }),
}).map(({ kind, rowId, title, position }) => op(kind, rowId, { ...(title === undefined ? {} : { title }), ...(position === undefined ? {} : { position }) }))

test('writes the very updates that Yjs would write', () => {
  fc.assert(fc.property(fc.array(fc.array(anyOp, { minLength: 1, maxLength: 4 }), { maxLength: 12 }), (mutations) => {
    const [ours, theirs] = [new Y.Doc(), new Y.Doc()]
    theirs.clientID = 7
    const table = dataSuiteTables[0]
    if (table === undefined) throw new Error('no table')
    const draft = new Draft(ours, '', { client: 7, clock: 0 })
    const updates = mutations.map((ops) => {
      for (const each of ops) draft.add(each, table)
      return draft.take()
    })
    for (const update of updates) if (update !== undefined) Y.applyUpdate(ours, update)
    for (const ops of mutations) theirs.transact(() => ops.forEach((each) => applyByYjs(theirs.getMap('photos'), each)))
    expect(Y.encodeStateAsUpdate(ours)).toEqual(Y.encodeStateAsUpdate(theirs))
  }), { seed: 1, numRuns: 300 })
})

/** The rules of the layout, told once more by means of `Y.Map` alone. */
function applyByYjs(map: Y.Map<unknown>, { kind, rowId, values }: MutationOp): void {
  const exists = map.has(rowId)
  const columns = dataSuiteTables[0]?.columns.map(({ name }) => name) ?? []
  if (kind === 'delete') map.delete(rowId)
  for (const column of columns) {
    if (kind === 'delete' || (kind === 'insert' && !Object.hasOwn(values, column))) map.delete(`${rowId}\0${column}`)
  }
  if (kind === 'delete' || (kind === 'update' && !exists)) return
  if (kind === 'insert' || !exists) map.set(rowId, true)
  for (const [column, value] of Object.entries(values)) map.set(`${rowId}\0${column}`, value)
}
