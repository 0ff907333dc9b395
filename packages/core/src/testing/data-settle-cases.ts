import { newMutationId } from './data-device.ts'
import { otherId, rowId, type DataCase } from './data-suite-case.ts'
import { del, edit, everyDeviceShows, insert, photo } from './data-suite-rows.ts'
import { assert, assertEqual } from './suite.ts'

/** What is said about a mutation, and when: core forgets it by these words. */
export const dataSettleCases: readonly DataCase[] = [
  {
    name: 'settles a mutation as contained exactly once',
    run: async ({ device }) => {
      const a = await device()
      const ids = [await a.write(insert(rowId, photo)), await a.write(edit(rowId, { caption: 'one' }))]
      for (const id of ids) await a.until(() => a.isConfirmed(id) && a.countSettled(id, 'contained') > 0, 'it is settled')
      const last = await a.write(edit(rowId, { caption: 'two' }))
      await a.until(() => a.isConfirmed(last) && a.countSettled(last, 'contained') > 0, 'the last is settled')
      for (const id of ids) assertEqual(a.countSettled(id, 'contained'), 1, 'how often it is contained')
    },
  },
  {
    name: 'settles a mutation that changes nothing',
    run: async ({ device }) => {
      const a = await device()
      const ids = [await a.write(del(rowId)), await a.write(edit(otherId, { caption: 'of no row' }))]
      for (const id of ids) await a.untilSettled(id)
      await a.untilSettled(await a.write(insert('end', photo)))
      assertEqual([...a.rows('photos').keys()], ['end'], 'the rows')
    },
  },
  {
    name: 'settles after a restart what was applied before',
    run: async ({ device }) => {
      const a = await device()
      await a.stopFollowing()
      const id = await a.write(insert(rowId, photo))
      await a.restart()
      await a.untilSettled(id)
      await everyDeviceShows([a], rowId, photo)
    },
  },
  {
    name: 'shows the rows no later than it settles them',
    run: async ({ device }) => {
      const a = await device()
      const id = await a.write(insert(rowId, photo))
      await a.until(() => a.countSettled(id, 'contained') > 0, 'it is contained')
      const settledAt = a.batches.findIndex(({ settled }) => settled.some((settlement) => settlement.id === id && settlement.as === 'contained'))
      const shownAt = a.batches.findIndex(({ changes }) => changes.some((change) => change.rowId === rowId))
      assert(shownAt !== -1 && shownAt <= settledAt, 'it was settled before its row was shown')
    },
  },
  {
    name: 'confirms a mutation once the server has it',
    run: async ({ device }) => {
      const a = await device()
      const id = await a.write(insert(rowId, photo))
      await a.until(() => a.isConfirmed(id), 'it is confirmed')
      await a.cut()
      await everyDeviceShows([await device()], rowId, photo)
    },
  },
  {
    name: 'confirms nothing while it is cut off', // I2
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const first = await b.write(insert(otherId, photo))
      await b.until(() => b.isConfirmed(first), 'the link works')
      await a.until(() => a.row('photos', otherId) !== undefined, 'the other link works')
      await a.cut()
      const mutation = { id: newMutationId(), ops: [insert(rowId, photo)] }
      const offline = await a.push([mutation]).catch(() => 'refused')
      const proof = await b.write(edit(otherId, { title: 'while the other is away' }))
      await b.until(() => b.isConfirmed(proof), 'the server answers others')
      assert(!a.isConfirmed(mutation.id), 'it was confirmed without a network')
      assert(b.row('photos', rowId) === undefined, 'it got through a cut network')
      await a.restore()
      if (offline === 'refused') await a.push([mutation])
      await a.until(() => a.isConfirmed(mutation.id), 'it is confirmed')
      await everyDeviceShows([a, b], rowId, photo)
      await everyDeviceShows([a, b], otherId, { title: 'while the other is away' })
    },
  },
  {
    name: 'confirms after a restart what was handed over before',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.cut()
      const mutation = { id: newMutationId(), ops: [insert(rowId, photo)] }
      const offline = await a.push([mutation]).catch(() => 'refused')
      await a.restart()
      await a.restore()
      if (offline === 'refused') await a.push([mutation])
      await a.until(() => a.isConfirmed(mutation.id), 'it is confirmed')
      await everyDeviceShows([a, b], rowId, photo)
    },
  },
  {
    name: 'says when nothing more is known to be waiting',
    run: async ({ device }) => {
      const a = await device()
      await a.until(() => a.batches.some(({ upToDate }) => upToDate), 'it is up to date with no rows')
      await a.untilSettled(await a.write(insert(rowId, photo)))
      const shownAt = a.batches.findIndex(({ changes }) => changes.length > 0)
      await a.until(() => a.batches.slice(shownAt).some(({ upToDate }) => upToDate), 'it is up to date with a row')
    },
  },
]
