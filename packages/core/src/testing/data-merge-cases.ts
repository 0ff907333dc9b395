import { newMutationId, type DataDevice } from './data-device.ts'
import { rowId, type DataCase } from './data-suite-case.ts'
import { del, edit, everyDeviceShows, insert, nextRandom, photo, same } from './data-suite-rows.ts'
import { assert } from './suite.ts'

/** Several devices write at the same time. */
export const dataMergeCases: readonly DataCase[] = [
  {
    name: 'keeps concurrent edits of different columns',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, { ...photo, caption: 'old', place: 'old' }))
      await everyDeviceShows([a, b], rowId, { ...photo, caption: 'old', place: 'old' })
      await Promise.all([a.write(edit(rowId, { caption: 'by a' })), b.write(edit(rowId, { place: 'by b' }))])
      await everyDeviceShows([a, b], rowId, { ...photo, caption: 'by a', place: 'by b' })
    },
  },
  {
    name: 'agrees on one of two edits of one column',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, { ...photo, caption: 'old' }))
      await everyDeviceShows([a, b], rowId, { ...photo, caption: 'old' })
      // A backend that compares may refuse the later one.
      await Promise.all([a, b].map((each, at) => each.push([{ id: newMutationId(), ops: [edit(rowId, { caption: `by ${at}` })] }])))
      for (const each of [a, b]) await each.untilSettled(await each.write(insert(`end ${each === a ? 'a' : 'b'}`, photo)))
      for (const each of [a, b]) await each.until(() => each.rows('photos').size === 3, 'the last rows of both')
      await a.until(() => same(a.row('photos', rowId), b.row('photos', rowId)), 'both show the same')
      assert(['by 0', 'by 1'].includes(String(a.row('photos', rowId)?.caption)), 'neither edit is there')
    },
  },
  {
    name: 'brings three devices to the same rows after random edits',
    run: async ({ device }) => {
      const devices = [await device(), await device(), await device()]
      const random = nextRandom(20_260_101)
      for (let step = 0; step < 120; step++) await randomEdit(devices, step, random)
      const ends = await Promise.all(devices.map((each, at) => each.write(insert(`end-${at}`, photo))))
      for (const [at, each] of devices.entries()) {
        await each.until(() => each.isConfirmed(ends[at] ?? ''), 'its last mutation is confirmed')
        await each.until(() => [0, 1, 2].every((end) => each.row('photos', `end-${end}`) !== undefined), 'every last mutation is here')
      }
      const [first] = devices
      for (const each of devices) await each.until(() => same(Object.fromEntries(each.rows('photos')), Object.fromEntries(first?.rows('photos') ?? [])), 'all are alike')
    },
  },
]

async function randomEdit(devices: readonly DataDevice[], step: number, random: (below: number) => number): Promise<void> {
  const device = devices[random(devices.length)]
  const id = `row-${random(6)}`
  const values = { [['title', 'caption', 'place'][random(3)] ?? 'title']: `${step}` }
  const row = device?.row('photos', id)
  const op = row === undefined ? insert(id, { ...photo, ...values }) : random(5) === 0 ? del(id) : edit(id, values)
  await device?.push([{ id: newMutationId(), ops: [op] }])
}
