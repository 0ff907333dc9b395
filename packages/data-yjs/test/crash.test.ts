import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { TestDataStorage } from '@bse/core/testing'
import { exchange, LocalReplica, mutation, op } from './support/local.ts'

test('is on disk before the document shows it', async () => {
  const replica = await LocalReplica.open()
  const seen: (readonly [string, boolean])[] = []
  replica.storage.beforeWrite = (_ops, durability) => void seen.push([durability, replica.map.has('r1')])
  await replica.push(mutation(op('insert', 'r1', { title: 'one' })))
  expect(seen).toEqual([['strict', false]])
  expect(replica.map.get('r1')).toBe(true)
})

test('changes nothing when storage fails, and can be tried again', async () => { // F-23
  const replica = await LocalReplica.open()
  const full = new Error('no room')
  replica.storage.beforeWrite = () => { throw full }
  const first = mutation(op('insert', 'r1', { title: 'one' }))
  await expect(replica.push(first)).rejects.toBe(full)
  expect(replica.map.size).toBe(0)
  replica.storage.beforeWrite = () => undefined
  expect(await replica.push(first)).toEqual(['applied'])
  expect(await replica.rows()).toEqual({ r1: { title: 'one' } })
})

test('a crash before the write leaves nothing, one after it leaves all', async () => { // F-1
  const replica = await LocalReplica.open()
  const found: number[] = []
  replica.storage.beforeWrite = async () => void found.push(await rowsAfterCrash(replica.storage))
  await replica.push(mutation(op('insert', 'r1', { title: 'one' })), mutation(op('insert', 'r2', { title: 'two' })))
  found.push(await rowsAfterCrash(replica.storage))
  expect(found).toEqual([0, 2])
})

test('does not apply again what a crash left without an answer', async () => { // F-6
  const first = await LocalReplica.open()
  const mine = mutation(op('insert', 'r1', { title: 'mine' }))
  await first.push(mine)
  const other = await LocalReplica.open()
  exchange(first.doc, other.doc)
  await other.push(mutation(op('update', 'r1', { title: 'later' })))
  const second = await LocalReplica.open(first.storage.afterPowerCut())
  expect(await second.push(mine)).toEqual(['applied'])
  exchange(second.doc, other.doc)
  expect(await second.rows()).toEqual({ r1: { title: 'later' } })
})

test('an unanswered mutation survives when its storage did take it', async () => {
  const replica = await LocalReplica.open()
  const { storage } = replica
  const write = storage.write.bind(storage)
  storage.write = async (ops, options) => {
    await write(ops, options)
    throw new Error('the answer was lost')
  }
  const mine = mutation(op('insert', 'r1', { title: 'mine' }))
  await expect(replica.push(mine)).rejects.toThrow('the answer was lost')
  storage.write = write
  await replica.push(mine)
  await replica.push(mutation(op('update', 'r1', { caption: 'after' })))
  const next = await LocalReplica.open(storage.afterPowerCut())
  exchange(replica.doc, next.doc)
  expect(await next.rows()).toEqual({ r1: { title: 'mine', caption: 'after' } })
  expect(await replica.rows()).toEqual(await next.rows())
})

test('a leader of the past pushes nothing', async () => { // F-15
  const stale = await LocalReplica.open()
  const first = mutation(op('insert', 'r1', { title: 'one' }))
  await stale.push(first)
  const next = await LocalReplica.open(stale.storage.forNextLeader())
  await next.push(mutation(op('update', 'r1', { title: 'two' })))
  const before = Y.encodeStateAsUpdate(stale.doc)
  await expect(stale.push(mutation(op('update', 'r1', { title: 'stale' })))).rejects.toMatchObject({ code: 'LOST_LEASE' })
  await expect(stale.push(first)).rejects.toMatchObject({ code: 'LOST_LEASE' })
  expect(Y.encodeStateAsUpdate(stale.doc)).toEqual(before)
  exchange(stale.doc, next.doc)
  expect(await next.rows()).toEqual({ r1: { title: 'two' } })
})

test('keeps what came from the network for an offline start', async () => {
  const other = await LocalReplica.open()
  await other.push(mutation(op('insert', 'r1', { title: 'from afar' })))
  const replica = await LocalReplica.open()
  Y.applyUpdate(replica.doc, Y.encodeStateAsUpdate(other.doc), 'a network')
  await replica.connection.close()
  const restarted = await LocalReplica.open(replica.storage.forNextLeader())
  expect(await restarted.rows()).toEqual({ r1: { title: 'from afar' } })
})

test('keeps everything when it compacts', async () => {
  const replica = await LocalReplica.open()
  const mutations = Array.from({ length: 1_200 }, (_, n) => mutation(op('insert', `row-${n}`, { title: `${n}` })))
  for (let at = 0; at < mutations.length; at += 100) await replica.push(...mutations.slice(at, at + 100))
  await replica.push(mutation(op('delete', 'row-0')), mutation(op('update', 'row-1', { title: 'edited' })))
  expect(replica.storage.keys()).toContain('s')
  expect(replica.storage.keys().filter((key) => key.startsWith('u/')).length).toBeLessThan(500)
  const restarted = await LocalReplica.open(replica.storage.afterPowerCut())
  expect(await restarted.rows()).toEqual(await replica.rows())
  expect(Object.keys(await restarted.rows())).toHaveLength(1_199)
  await restarted.push(mutations[1] ?? mutation())
  expect((await restarted.rows())['row-1']).toEqual({ title: 'edited' })
})

test('a failed compaction loses nothing', async () => {
  const replica = await LocalReplica.open()
  replica.storage.beforeWrite = (ops) => {
    if (ops.some((each) => 'put' in each && each.put === 's')) throw new Error('no room')
  }
  const mutations = Array.from({ length: 600 }, (_, n) => mutation(op('insert', `row-${n}`, { title: `${n}` })))
  await replica.push(...mutations)
  const restarted = await LocalReplica.open(replica.storage.afterPowerCut())
  expect(Object.keys(await restarted.rows())).toHaveLength(600)
})

test('stores what the document held before it was handed over', async () => {
  const doc = new Y.Doc()
  const filled = await LocalReplica.open()
  await filled.push(mutation(op('insert', 'r1', { title: 'there before' })))
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(filled.doc))
  const replica = await LocalReplica.open(undefined, { doc })
  await replica.push(mutation(op('insert', 'r2', { title: 'new' })))
  const restarted = await LocalReplica.open(replica.storage.afterPowerCut())
  expect(Object.keys(await restarted.rows()).sort()).toEqual(['r1', 'r2'])
})

test('puts unreadable updates aside and starts', async () => {
  const replica = await LocalReplica.open()
  await replica.push(mutation(op('insert', 'r1', { title: 'one' })))
  const storage = replica.storage.forNextLeader()
  await storage.write([{ put: 'u/0000000000000099', value: new Uint8Array([9, 9, 9]) }], { durability: 'strict' })
  const restarted = await LocalReplica.open(storage)
  expect(await restarted.rows()).toEqual({ r1: { title: 'one' } })
  expect(storage.keys()).toContain('broken/u/0000000000000099')
})

test('leaves storage of a newer version alone', async () => {
  const storage = new TestDataStorage()
  await storage.write([{ put: 'meta', value: { version: 2 } }], { durability: 'strict' })
  await expect(LocalReplica.open(storage)).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW', details: { found: 2, known: 1 } })
  expect(storage.keys()).toEqual(['meta'])
})

/** Reads a copy: the device itself goes on. */
async function rowsAfterCrash(storage: TestDataStorage): Promise<number> {
  const copy = new TestDataStorage()
  for await (const page of storage.list('')) {
    await copy.write(page.map(({ key, value }) => ({ put: key, value })), { durability: 'strict' })
  }
  return Object.keys(await (await LocalReplica.open(copy)).rows()).length
}
