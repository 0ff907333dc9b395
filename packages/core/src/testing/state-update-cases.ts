import { EVERYTHING, increment, puts, readAll, write, type StateCase } from './state-case.ts'
import { assert, assertEqual, assertRejects, rejection } from './suite.ts'

const RELAXED = { durability: 'relaxed' } as const

/** One update is one crash point, decided inside its transaction. */
export const stateUpdateCases: readonly StateCase[] = [
  {
    name: 'writes all ops of an update and answers its result',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ a: 1, b: 2, c: 3 }))
      const result = await store.update(['a'], (get) => ({ ops: [{ put: 'd', value: get('a') }, { delete: 'b' }], result: 'done' }), { durability: 'strict' })
      assertEqual(result, 'done', 'result')
      assertEqual(await store.get(['a', 'b', 'c', 'd']), [1, undefined, 3, 1], 'records')
    },
  },
  {
    name: 'shows a decision what was committed before it',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ k: 'before' }))
      const seen = await store.update(['k', 'absent'], (get) => ({ ops: [], result: [get('k'), get('absent')] }), RELAXED)
      assertEqual(seen, ['before', undefined], 'what the decision saw')
    },
  },
  {
    name: 'applies the ops of an update in their order',
    run: async ({ open }) => {
      const store = await open()
      await write(store, [{ put: 'a/1', value: 'old' }, { deleteRange: { from: 'a/', to: 'a0' } }, { put: 'a/2', value: 'new' }])
      await write(store, [{ put: 'b', value: 1 }, { delete: 'b' }, { put: 'c', value: 1 }, { put: 'c', value: 2 }])
      assertEqual(await readAll(store), [{ key: 'a/2', value: 'new' }, { key: 'c', value: 2 }], 'records')
    },
  },
  {
    name: 'writes nothing of a decision that throws',
    run: async ({ open }) => {
      const store = await open()
      const fault = new Error('refused')
      const update = store.update(['a'], () => { throw fault }, RELAXED)
      assert((await rejection(update, 'a throwing decision')) === fault, 'rejected with something else than what was thrown')
      assertEqual(await readAll(store), [], 'records')
    },
  },
  {
    name: 'keeps the neighbours of a decision that throws',
    run: async ({ open }) => {
      const store = await open()
      const fault = new Error('refused')
      const [first, failed, last] = await Promise.allSettled([
        write(store, puts({ a: 1 }), 'strict'),
        store.update([], () => { throw fault }, RELAXED),
        write(store, puts({ b: 2 })),
      ])
      assertEqual([first.status, failed.status, last.status], ['fulfilled', 'rejected', 'fulfilled'], 'outcomes')
      assertEqual(await store.get(['a', 'b']), [1, 2], 'records of the neighbours')
    },
  },
  {
    name: 'keeps the neighbours of a value that cannot be stored',
    run: async ({ open }) => {
      const store = await open()
      const outcomes = await Promise.allSettled([
        write(store, puts({ a: 1 })),
        write(store, [{ put: 'half', value: 1 }, { put: 'bad', value: () => undefined }]),
        write(store, puts({ b: 2 })),
      ])
      assertEqual(outcomes.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled'], 'outcomes')
      assertEqual(await store.get(['a', 'half', 'b']), [1, undefined, 2], 'records')
    },
  },
  {
    name: 'shows a decision the earlier ones of its tick',
    run: async ({ open }) => {
      const store = await open()
      const results = await Promise.all(Array.from({ length: 50 }, () => increment(store, 'n')))
      assertEqual(results, Array.from({ length: 50 }, (_, n) => n), 'what each decision saw')
    },
  },
  {
    name: 'shows a decision the deletions of its tick',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ 'a/1': 1, 'a/2': 2, b: 3 }))
      const look = (get: (key: string) => unknown): { ops: []; result: unknown } => ({ ops: [], result: [get('a/1'), get('a/2'), get('b')] })
      const [, , , seen] = await Promise.all([
        write(store, [{ deleteRange: { from: 'a/', to: 'a0' } }]),
        write(store, [{ delete: 'b' }]),
        write(store, puts({ 'a/2': 'again' })),
        store.update(['a/1', 'a/2', 'b'], look, RELAXED),
      ])
      assertEqual(seen, [undefined, 'again', undefined], 'what the decision saw')
      assertEqual(await readAll(store), [{ key: 'a/2', value: 'again' }], 'records')
    },
  },
  {
    name: 'refuses a decision that reads a key it did not name',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ secret: 1 }))
      const update = store.update(['other'], (get) => ({ ops: [{ put: 'copy', value: get('secret') }], result: 0 }), RELAXED)
      await assertRejects(update, 'CONFIG_INVALID', 'reading a key that was not named')
      assertEqual(await store.get(['copy']), [undefined], 'what the refused decision wrote')
    },
  },
  {
    name: 'refuses keys that are not printable ASCII',
    run: async ({ open }) => {
      const store = await open()
      for (const key of ['', 'caf\u00e9', 'tab\there', 'x'.repeat(513)]) {
        await assertRejects(write(store, [{ put: 'beside', value: 1 }, { put: key, value: 1 }]), 'CONFIG_INVALID', `the key ${JSON.stringify(key)}`)
      }
      await write(store, puts({ ['x'.repeat(512)]: 1 }))
      assertEqual((await readAll(store)).length, 1, 'records')
    },
  },
  {
    name: 'loses no increment of two instances', // F-13
    run: async ({ open }) => {
      const stores = [await open(), await open()]
      const work = stores.flatMap((store) => Array.from({ length: 5 }, async () => {
        for (let n = 0; n < 100; n += 1) await increment(store, 'n')
      }))
      await Promise.all(work)
      assertEqual(await stores[0]?.get(['n']), [1_000], 'after 1,000 increments')
    },
  },
  {
    name: 'takes a burst of 1,000 updates of one tick',
    run: async ({ open }) => {
      const store = await open()
      await Promise.all(Array.from({ length: 1_000 }, (_, n) => write(store, puts({ [`k/${String(n).padStart(4, '0')}`]: n }))))
      const entries = await readAll(store)
      assertEqual(entries.map(({ value }) => value), Array.from({ length: 1_000 }, (_, n) => n), 'records')
    },
  },
  {
    name: 'deletes a range with its start and without its end',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ a: 1, 'b/': 2, 'b/1': 3, 'b/2': 4, c: 5, cc: 6 }))
      await write(store, [{ deleteRange: { from: 'b/', to: 'c' } }])
      assertEqual((await readAll(store)).map(({ key }) => key), ['a', 'c', 'cc'], 'keys')
      await write(store, [{ deleteRange: { from: 'c', to: 'c' } }, { deleteRange: { from: 'z', to: 'a' } }])
      assertEqual((await readAll(store)).length, 3, 'keys after deleting empty ranges')
      await write(store, [{ deleteRange: EVERYTHING }])
      assertEqual(await readAll(store), [], 'keys after deleting everything')
    },
  },
]
