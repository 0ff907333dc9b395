import { hasCode } from '../errors.ts'
import { newMutationId } from './data-device.ts'
import { otherId, rowId, type DataCase } from './data-suite-case.ts'
import { del, edit, everyDeviceShows, insert, photo, same } from './data-suite-rows.ts'
import { assert, assertEqual } from './suite.ts'

/** Mutations on their way to the other side: in order, whole, once. */
export const dataPushCases: readonly DataCase[] = [
  {
    name: 'answers a push of nothing with nothing',
    run: async ({ device }) => assertEqual(await (await device()).push([]), [], 'outcomes'),
  },
  {
    name: 'answers every mutation of a push in order',
    run: async ({ device }) => {
      const a = await device()
      const mutations = [rowId, otherId].map((id) => ({ id: newMutationId(), ops: [insert(id, photo)] }))
      const outcomes = await a.push(mutations)
      assertEqual(outcomes.map(({ id, is }) => [id, is]), mutations.map(({ id }) => [id, 'applied']), 'outcomes')
    },
  },
  {
    name: 'applies the mutations of a row in their order',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const ops = [insert(rowId, photo), ...Array.from({ length: 20 }, (_, n) => edit(rowId, { caption: `edit ${n}` }))]
      await a.push(ops.map((op) => ({ id: newMutationId(), ops: [op] })))
      await everyDeviceShows([a, b], rowId, { ...photo, caption: 'edit 19' })
    },
  },
  {
    name: 'applies all ops of one mutation',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, photo), insert(otherId, { title: 'second' }), { ...insert('album', {}), table: 'albums', values: { name: 'Summer' } })
      await everyDeviceShows([a, b], otherId, { title: 'second' })
      await b.until(() => same(b.row('albums', 'album'), { name: 'Summer' }), 'the row of the second table')
    },
  },
  {
    name: 'applies a mutation of five hundred ops',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(...Array.from({ length: 500 }, (_, n) => insert(`row-${n}`, { title: `${n}` })))
      for (const each of [a, b]) await each.until(() => each.rows('photos').size === 500, 'all rows')
      assertEqual(b.row('photos', 'row-499'), { title: '499' }, 'the last row')
    },
  },
  {
    name: 'applies the ops of one mutation in their order',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(otherId, { ...photo, caption: 'first life' }))
      const edits = Array.from({ length: 5 }, (_, n) => edit(rowId, { caption: `edit ${n}` }))
      await a.write(insert(rowId, photo), ...edits, del(otherId), insert(otherId, { title: 'second life' }))
      await everyDeviceShows([a, b], rowId, { ...photo, caption: 'edit 4' })
      await everyDeviceShows([a, b], otherId, { title: 'second life' })
    },
  },
  {
    name: 'applies nothing of a mutation that it refuses',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const mixed = { id: newMutationId(), ops: [insert(rowId, photo), { ...insert('x', { title: 'x' }), table: 'nowhere' }] }
      const [outcome] = await a.push([mixed])
      assertEqual(outcome?.is, 'rejected', 'the answer to a mutation of an unknown table')
      await a.write(insert(otherId, photo))
      await everyDeviceShows([a, b], otherId, photo)
      for (const each of [a, b, await device()]) {
        await each.until(() => each.row('photos', otherId) !== undefined, 'the row that was pushed later')
        assert(each.row('photos', rowId) === undefined, 'a part of it was applied')
      }
    },
  },
  {
    name: 'applies a mutation once though it is pushed twice',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, photo))
      await everyDeviceShows([b], rowId, photo)
      const mutation = { id: newMutationId(), ops: [edit(rowId, { title: 'mine' })] }
      await a.push([mutation])
      await everyDeviceShows([b], rowId, { title: 'mine' })
      await b.write(edit(rowId, { title: 'later, by another' }))
      await everyDeviceShows([a], rowId, { title: 'later, by another' })
      const [again] = await a.push([mutation])
      assertEqual(again?.is, 'applied', 'the second answer')
      const last = await a.write(edit(rowId, { caption: 'end' }))
      await a.until(() => a.isConfirmed(last), 'the last mutation')
      await everyDeviceShows([a, b], rowId, { title: 'later, by another', caption: 'end' })
    },
  },
  {
    name: 'applies a mutation once though a crash lost the answer', // F-6
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, photo))
      const mutation = { id: newMutationId(), ops: [edit(rowId, { title: 'mine' })] }
      await a.pushAndForget([mutation])
      await everyDeviceShows([b], rowId, { title: 'mine' })
      await a.crash()
      await b.write(edit(rowId, { title: 'later, by another' }))
      await a.start()
      await a.push([mutation])
      await a.until(() => a.isConfirmed(mutation.id) && a.countSettled(mutation.id, 'contained') > 0, 'the repeated mutation is settled')
      await everyDeviceShows([a, b], rowId, { title: 'later, by another' })
    },
  },
  {
    name: 'rejects an aborted push with the reason itself',
    run: async ({ device }) => {
      const a = await device()
      const reason = new Error('not now')
      const mutation = { id: newMutationId(), ops: [insert(rowId, photo)] }
      const error: unknown = await a.connection.push([mutation], { signal: AbortSignal.abort(reason) }).catch((thrown: unknown) => thrown)
      assert(error === reason, 'it rejects with something else')
    },
  },
  {
    name: 'takes a push again that was aborted on its way',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const [reason, controller] = [new Error('not now'), new AbortController()]
      const mutation = { id: newMutationId(), ops: [insert(rowId, photo)] }
      const pushing = a.connection.push([mutation], { signal: controller.signal }).then(() => undefined, (error: unknown) => error)
      controller.abort(reason)
      const error = await pushing
      assert(error === undefined || error === reason, 'it rejects with something else')
      assertEqual((await a.push([mutation])).map(({ is }) => is), ['applied'], 'the second answer')
      await everyDeviceShows([a, b], rowId, photo)
    },
  },
  {
    name: 'takes nothing that no server fences once another tab leads', // F-15
    run: async ({ device }) => {
      const a = await device()
      await a.untilSettled(await a.write(insert(rowId, photo)))
      a.loseLead()
      const push = a.push([{ id: newMutationId(), ops: [edit(rowId, { title: 'by a tab that woke up late' })] }])
      const outcomes = await push.catch((error: unknown) => (hasCode(error, 'LOST_LEASE') ? [] : Promise.reject(error)))
      assert(outcomes.every((outcome) => outcome.is !== 'applied' || outcome.durable === 'server'), 'its replica took the mutation')
    },
  },
]
