import { newMutationId } from './data-device.ts'
import { otherId, rowId, type DataCase } from './data-suite-case.ts'
import { copyOf, edit, everyDeviceShows, image, insert, photo } from './data-suite-rows.ts'

/** What is in a column stays what it is. */
export const dataValueCases: readonly DataCase[] = [
  {
    name: 'keeps the type of every column',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const row = { ...photo, position: -7, rating: 4.25, public: false, takenAt: '2024-02-29T23:59:59.999Z' }
      await a.write(insert(rowId, row))
      await everyDeviceShows([a, b], rowId, row)
    },
  },
  {
    name: 'tells apart null, empty text, zero and false',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const row = { ...photo, caption: '', position: 0, public: false, meta: {} }
      await a.write(insert(rowId, row))
      await a.write(insert(otherId, { ...photo, caption: null, position: null, public: null, meta: null }))
      await everyDeviceShows([a, b], rowId, row)
      await everyDeviceShows([a, b], otherId, photo)
    },
  },
  {
    name: 'keeps a number to the last digit',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const numbers = [0.1 + 0.2, 1 / 3, -1e-7, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER]
      await a.push(numbers.map((rating, n) => ({ id: newMutationId(), ops: [insert(`number-${n}`, { ...photo, rating })] })))
      for (const [n, rating] of numbers.entries()) await everyDeviceShows([a, b], `number-${n}`, { ...photo, rating })
    },
  },
  {
    name: 'keeps naughty strings and deep values', // F-87
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const naughty = ['', ' ', '\t\n\r', '\u202eabc', '\u212b\u2126', 'u\u0308', '日本語', '👩‍👩‍👧‍👦', '\ufeff', 'null', '"', '\\', "'; DROP TABLE photos;--", '${x}', '<script>', '1e999', 'constructor']
      const title = ` ${naughty.join('|')} `
      let deep: unknown = 'bottom'
      for (let depth = 0; depth < 90; depth++) deep = depth % 2 === 0 ? [deep] : { deeper: deep }
      const meta = copyOf({ naughty, deep, numbers: [0, 1, -1, 0.1, 2 ** 53 - 1, -(2 ** 53) + 1, 1e-300, 1e300], nothing: null, empty: [{}, []], toString: 'own' })
      await a.write(insert(rowId, { title, meta }))
      await everyDeviceShows([a, b], rowId, { title, meta })
    },
  },
  {
    name: 'keeps a long text whole',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const title = 'långt '.repeat(20_000)
      await a.write(insert(rowId, { title }))
      await everyDeviceShows([a, b], rowId, { title })
    },
  },
  {
    name: 'keeps every part of a blob reference',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, { ...photo, image }))
      await everyDeviceShows([a, b], rowId, { ...photo, image })
    },
  },
  {
    name: 'sets a column to null and back',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      await a.write(insert(rowId, { ...photo, caption: 'there' }))
      await a.write(edit(rowId, { caption: null }))
      await everyDeviceShows([a, b], rowId, { ...photo, caption: null })
      await b.write(edit(rowId, { caption: 'again' }))
      await everyDeviceShows([a, b], rowId, { ...photo, caption: 'again' })
    },
  },
  {
    name: 'keeps what it took though the caller changes it later',
    run: async ({ device }) => {
      const [a, b] = [await device(), await device()]
      const meta = { place: { name: 'Lund' } }
      await a.write(insert(rowId, { ...photo, meta }))
      meta.place.name = 'changed behind its back'
      await a.untilSettled(await a.write(insert(otherId, photo)))
      await a.reload()
      await everyDeviceShows([a, b], otherId, photo)
      await everyDeviceShows([a, b, await device()], rowId, { ...photo, meta: { place: { name: 'Lund' } } })
    },
  },
]
