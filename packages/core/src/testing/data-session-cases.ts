import type { ChangeBatch } from '../provider/data-provider.ts'
import { newMutationId } from './data-device.ts'
import { otherId, rowId, type DataCase } from './data-suite-case.ts'
import { del, edit, everyDeviceShows, insert, photo } from './data-suite-rows.ts'
import { assert, assertRejects } from './suite.ts'

/** Cuts, crashes, reloads and the end. */
export const dataSessionCases: readonly DataCase[] = [
  {
    name: 'catches up after a cut without a restart', // F-1
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, photo), insert(otherId, photo))
      await everyDeviceShows([a, b], otherId, photo)
      await a.cut()
      await b.write(edit(rowId, { caption: 'meanwhile' }))
      await b.write(del(otherId))
      await b.untilSettled(await b.write(insert('new', photo)))
      await a.restore()
      await everyDeviceShows([a], rowId, { ...photo, caption: 'meanwhile' })
      await everyDeviceShows([a], 'new', photo)
      await a.until(() => a.row('photos', otherId) === undefined, 'the deleted row is gone')
    },
  },
  {
    name: 'goes on after a restart without a loss', // F-1
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, photo))
      await everyDeviceShows([a, b], rowId, photo)
      await a.crash()
      await b.write(edit(rowId, { caption: 'while it was off' }))
      await b.write(insert(otherId, { title: 'new' }))
      await a.start()
      await everyDeviceShows([a, b], rowId, { ...photo, caption: 'while it was off' })
      await everyDeviceShows([a, b], otherId, { title: 'new' })
    },
  },
  {
    name: 'learns of a deletion that happened while it was off',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, photo))
      await everyDeviceShows([a, b], rowId, photo)
      await a.crash()
      const gone = await b.write(del(rowId))
      await b.until(() => b.isConfirmed(gone), 'the server knows')
      await a.start()
      await a.until(() => a.row('photos', rowId) === undefined, 'the row is gone')
    },
  },
  {
    name: 'keeps its rows over a reload without a network', // F-1
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await b.write(insert(rowId, photo))
      await everyDeviceShows([a, b], rowId, photo)
      await a.cut()
      const seen = a.track('photos', rowId)
      await a.reload()
      await b.untilSettled(await b.write(insert(otherId, photo)))
      await a.restore()
      await everyDeviceShows([a], otherId, photo)
      assert(seen.every((row) => row !== undefined), 'the row was gone for a while')
    },
  },
  {
    name: 'never goes back to an older value after a reload',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, { ...photo, position: 0 }))
      for (let position = 1; position <= 5; position++) {
        await a.write(edit(rowId, { position }))
        await everyDeviceShows([a, b], rowId, { ...photo, position })
      }
      const seen = b.track('photos', rowId)
      await b.reload()
      await a.write(edit(rowId, { position: 6 }))
      await everyDeviceShows([b], rowId, { ...photo, position: 6 })
      assert(seen.every((row) => Number(row?.position) >= 5), 'an older value came back')
    },
  },
  {
    name: 'goes on in a second session of one connection',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, photo))
      await everyDeviceShows([a], rowId, photo)
      await a.stopFollowing()
      await b.write(insert(otherId, { title: 'in between' }))
      await everyDeviceShows([b], otherId, { title: 'in between' })
      const own = await a.write(insert('own', photo))
      await b.until(() => b.row('photos', 'own') !== undefined, 'the row that was pushed without a session')
      a.follow()
      await everyDeviceShows([a], 'own', photo)
      await everyDeviceShows([a], otherId, { title: 'in between' })
      await a.until(() => a.isConfirmed(own) && a.countSettled(own, 'contained') > 0, 'it is settled')
    },
  },
  {
    name: 'heals rows that are missing or left over when a session begins',
    run: async ({ device }) => {
      const a = await device()
      const id = await a.write(insert(rowId, photo), insert(otherId, photo))
      await a.until(() => a.isConfirmed(id) && a.row('photos', otherId) !== undefined, 'the rows are here')
      await a.stopFollowing()
      const replaces = a.batches.some(({ replace }) => replace !== undefined)
      a.disturbRows('photos', (rows) => {
        rows.delete(rowId)
        if (replaces) rows.set('ghost', photo)
      })
      a.follow()
      await everyDeviceShows([a], rowId, photo)
      await a.until(() => a.row('photos', 'ghost') === undefined, 'the row that nobody has is gone')
      await everyDeviceShows([a], otherId, photo)
    },
  },
  {
    name: 'ends its changes without an error when aborted',
    run: async ({ device }) => {
      const a = await device()
      await a.stopFollowing()
      const aborted = a.connection.changes({ cursor: undefined, awaiting: () => new Map(), signal: AbortSignal.abort() })
      for await (const batch of aborted) assert(false, `a batch after the abort: ${JSON.stringify(batch)}`)
    },
  },
  {
    name: 'ends its changes when it closes',
    run: async ({ device }) => {
      const a = await device()
      await a.stopFollowing()
      const changes = a.connection.changes({ cursor: undefined, awaiting: () => new Map(), signal: new AbortController().signal })
      const reading = readAll(changes)
      await a.connection.close()
      await a.within(reading, 'the changes have ended')
    },
  },
  {
    name: 'closes twice and then refuses to push',
    run: async ({ device }) => {
      const a = await device()
      await a.connection.close()
      await a.connection.close()
      await assertRejects(a.push([{ id: newMutationId(), ops: [insert(rowId, photo)] }]), 'CLOSED', 'a push after close')
    },
  },
]

async function readAll(changes: AsyncIterable<ChangeBatch>): Promise<void> {
  const batches: ChangeBatch[] = []
  for await (const batch of changes) batches.push(batch)
}
