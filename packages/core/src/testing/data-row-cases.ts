import { newMutationId } from './data-device.ts'
import { otherId, rowId, type DataCase } from './data-suite-case.ts'
import { del, edit, everyDeviceShows, insert, photo, same, upsert } from './data-suite-rows.ts'
import { assertEqual } from './suite.ts'

/** Rows come and go. */
export const dataRowCases: readonly DataCase[] = [
  {
    name: 'carries a row to another device',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, { ...photo, caption: 'at noon' }))
      await everyDeviceShows([a, b], rowId, { ...photo, caption: 'at noon' })
    },
  },
  {
    name: 'gives a late device the rows that are there',
    run: async ({ device }) => {
      const a = await device()
      const id = await a.write(insert(rowId, photo))
      await a.until(() => a.isConfirmed(id), 'the server has the row')
      await everyDeviceShows([await device()], rowId, photo)
    },
  },
  {
    name: 'changes only the columns that an update names',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, { ...photo, caption: 'old', position: 1 }))
      await everyDeviceShows([b], rowId, { ...photo, caption: 'old', position: 1 })
      await b.write(edit(rowId, { caption: 'new' }))
      await everyDeviceShows([a, b], rowId, { ...photo, caption: 'new', position: 1 })
    },
  },
  {
    name: 'deletes a row on every device',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, photo))
      await everyDeviceShows([b], rowId, photo)
      await b.write(del(rowId))
      for (const each of [a, b]) await each.until(() => each.row('photos', rowId) === undefined, 'the row is gone')
    },
  },
  {
    name: 'shows a late device no row that was deleted',
    run: async ({ device }) => {
      const a = await device()
      await a.write(insert(rowId, photo), insert(otherId, photo))
      await a.untilSettled(await a.write(del(rowId)))
      await a.untilSettled(await a.write(insert('end', photo)))
      const late = await device()
      await everyDeviceShows([late], 'end', photo)
      assertEqual([...late.rows('photos').keys()].sort(), [otherId, 'end'].sort(), 'the rows')
    },
  },
  {
    name: 'inserts a row anew after its deletion',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, { ...photo, caption: 'first life' }))
      await a.write(del(rowId))
      await a.write(insert(rowId, { title: 'second life' }))
      await everyDeviceShows([a, b], rowId, { title: 'second life' })
    },
  },
  {
    name: 'creates or patches by upsert',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(upsert(rowId, { ...photo, caption: 'kept' }))
      await everyDeviceShows([b], rowId, { ...photo, caption: 'kept' })
      await b.write(upsert(rowId, { title: 'patched' }))
      await everyDeviceShows([a, b], rowId, { title: 'patched', caption: 'kept' })
    },
  },
  {
    name: 'keeps a row apart from its namesake in another table',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, photo), { ...insert(rowId, { name: 'Summer' }), table: 'albums' })
      await everyDeviceShows([b], rowId, photo)
      await b.until(() => same(b.row('albums', rowId), { name: 'Summer' }), 'the namesake')
      await b.write(del(rowId))
      for (const each of [a, b]) await each.until(() => each.row('photos', rowId) === undefined, 'the row is gone')
      const last = await a.write(insert(otherId, photo))
      await a.untilSettled(last)
      assertEqual(a.row('albums', rowId), { name: 'Summer' }, 'the namesake')
    },
  },
  {
    name: 'keeps rows apart whose ids look alike',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const ids = ['a', 'A', 'a/b', 'a:b', 'a.b', 'a%2Fb', 'a%b', '0', '00', 'constructor', '__proto__', '\u00fc', 'u\u0308', '日本語', '👩‍👩‍👧‍👦']
      await a.push(ids.map((id) => ({ id: newMutationId(), ops: [insert(id, { title: `row ${id}` })] })))
      for (const id of ids) await everyDeviceShows([a, b], id, { title: `row ${id}` })
      assertEqual([...b.rows('photos').keys()].sort(), [...ids].sort(), 'the ids')
    },
  },
  {
    name: 'carries a thousand rows',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const mutations = Array.from({ length: 1_000 }, (_, n) => ({ id: newMutationId(), ops: [insert(`row-${n}`, { title: `${n}` })] }))
      await a.push(mutations)
      for (const each of [a, b]) await each.until(() => each.rows('photos').size === 1_000, 'all rows')
      for (let n = 0; n < 1_000; n++) assertEqual(b.row('photos', `row-${n}`), { title: `${n}` }, 'a row')
      await a.until(() => mutations.every(({ id }) => a.isConfirmed(id)), 'all are confirmed')
      const late = await device()
      await late.until(() => late.rows('photos').size === 1_000, 'all rows, late')
    },
  },
]
