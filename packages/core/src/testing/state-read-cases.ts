import { randomBytes, sameBytes } from './bytes.ts'
import { EVERYTHING, increment, puts, readAll, write, type StateCase } from './state-case.ts'
import { assert, assertEqual, assertRejects, rejection, together } from './suite.ts'

/** Reading, order, values, life. */
export const stateReadCases: readonly StateCase[] = [
  {
    name: 'answers undefined for keys it does not have',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ b: null }))
      const values = await store.get(['a', 'b', 'a'])
      assert(values.length === 3 && values[0] === undefined && values[1] === null && values[2] === undefined, 'other values than written')
      assertEqual(await store.get([]), [], 'no keys')
    },
  },
  {
    name: 'gives the values of one moment',
    run: async ({ open }) => {
      const [writer, reader] = [await open(), await open()]
      await write(writer, puts({ x: 0, y: 0 }))
      const writing = async (): Promise<void> => {
        for (let n = 1; n <= 200; n += 1) await write(writer, puts({ x: n, y: n }))
      }
      const reading = async (): Promise<void> => {
        for (let n = 0; n < 200; n += 1) {
          const [x, y] = await reader.get(['x', 'y'])
          assertEqual(x, y, 'two keys that are always written together')
        }
      }
      await together(writing(), reading())
    },
  },
  {
    name: 'reads in byte order of the keys',
    run: async ({ open }) => {
      const store = await open()
      const keys = ['a', 'B', '~', ' ', '10', '9', 'a/b', 'a0', 'a.b', 'A', 'aa', '_']
      await write(store, keys.map((key, n) => ({ put: key, value: n })))
      const inOrder = [...keys].sort((a, b) => (a < b ? -1 : 1))
      assertEqual((await readAll(store)).map(({ key }) => key), inOrder, 'keys')
    },
  },
  {
    name: 'reads a range with its start and without its end',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ a: 1, b: 2, bb: 3, c: 4 }))
      assertEqual(await readAll(store, { from: 'b', to: 'c' }), [{ key: 'b', value: 2 }, { key: 'bb', value: 3 }], 'b to c')
      assertEqual(await readAll(store, { from: 'b', to: 'b' }), [], 'an empty range')
      assertEqual(await readAll(store, { from: 'c', to: 'a' }), [], 'a range that ends before it starts')
    },
  },
  {
    name: 'reads every entry, past any page size',
    run: async ({ open }) => {
      const store = await open()
      const keys = Array.from({ length: 1_203 }, (_, n) => `k/${String(n).padStart(5, '0')}`)
      await write(store, keys.map((key, n) => ({ put: key, value: n })))
      for (const pageSize of [undefined, 1_203, 7]) {
        const entries = await readAll(store, { from: 'k/', to: 'k0' }, pageSize)
        assertEqual(entries.map(({ key }) => key), keys, `keys by pages of ${pageSize ?? 'the default size'}`)
      }
    },
  },
  {
    name: 'gives pages of at most the size asked for',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ a: 1, b: 2, c: 3, d: 4, e: 5 }))
      const sizes: number[] = []
      for await (const page of store.read(EVERYTHING, { pageSize: 2 })) sizes.push(page.length)
      assertEqual(sizes, [2, 2, 1], 'page sizes')
    },
  },
  {
    name: 'stops reading with the reason when aborted',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ a: 1, b: 2 }))
      const [reason, controller] = [new Error('enough'), new AbortController()]
      const pages = store.read(EVERYTHING, { pageSize: 1, signal: controller.signal })[Symbol.asyncIterator]()
      await pages.next()
      controller.abort(reason)
      assert((await rejection(pages.next(), 'the page after an abort')) === reason, 'rejected with something else than the reason')
    },
  },
  {
    name: 'gives values back as they were, bytes too',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(65_536)
      const plain = { text: 'h\u00e9 \u{1f600}', n: -0.5, big: 2 ** 53 - 1, yes: true, none: null, list: [1, [2, { three: 3 }]], 'odd key': '' }
      await write(store, puts({ bytes, plain, nested: { inside: Uint8Array.of(1, 2, 3) }, text: 'bare' }))
      const [gotBytes, gotPlain, nested, text] = await store.get(['bytes', 'plain', 'nested', 'text'])
      assert(gotBytes instanceof Uint8Array && sameBytes(gotBytes, bytes), 'bytes came back otherwise')
      assertEqual(gotPlain, plain, 'plain data')
      const { inside } = nested as { inside: unknown }
      assert(inside instanceof Uint8Array && sameBytes(inside, Uint8Array.of(1, 2, 3)), 'nested bytes came back otherwise')
      assertEqual(text, 'bare', 'a bare string')
    },
  },
  {
    name: 'stores copies that later changes do not reach',
    run: async ({ open }) => {
      const store = await open()
      const value = { list: [1] }
      await write(store, puts({ k: value }))
      value.list.push(2)
      const [first] = await store.get(['k'])
      ;(first as { list: number[] }).list.push(3)
      const [page] = [await readAll(store)]
      ;(page[0]?.value as { list: number[] }).list.push(4)
      assertEqual(await store.get(['k']), [{ list: [1] }], 'the record')
    },
  },
  {
    name: 'lends a decision copies, also within a tick',
    run: async ({ open }) => {
      const store = await open()
      const spoil = (get: (key: string) => unknown): never => {
        (get('k') as { list: number[] }).list.push(9)
        throw new Error('refused')
      }
      const outcomes = await Promise.allSettled([
        write(store, puts({ k: { list: [1] } })),
        store.update(['k'], spoil, { durability: 'relaxed' }),
        store.update(['k'], (get) => ({ ops: [], result: get('k') }), { durability: 'relaxed' }),
      ])
      const last = outcomes[2]
      assertEqual(last.status === 'fulfilled' ? last.value : last, { list: [1] }, 'what the next decision saw')
      assertEqual(await store.get(['k']), [{ list: [1] }], 'the record')
    },
  },
  {
    name: 'shares everything between two instances of a namespace',
    run: async ({ open }) => {
      const [one, two] = [await open(), await open()]
      await write(one, puts({ a: 1 }))
      assertEqual(await two.get(['a']), [1], 'in the other instance')
      assertEqual(await increment(two, 'a'), 1, 'what a decision of the other instance saw')
      assertEqual(await readAll(one), [{ key: 'a', value: 2 }], 'records')
    },
  },
  {
    name: 'has after a reload what it had before', // F-1
    run: async ({ open }) => {
      const first = await open()
      await write(first, puts({ a: 1, b: { c: 2 } }), 'strict')
      await write(first, [{ delete: 'a' }])
      await first.close()
      const second = await open()
      assertEqual(await readAll(second), [{ key: 'b', value: { c: 2 } }], 'records after a reload')
    },
  },
  {
    name: 'commits what was under way when it closes',
    run: async ({ open }) => {
      const first = await open()
      const writes = [write(first, puts({ a: 1 }), 'strict'), write(first, puts({ b: 2 }))]
      await first.close()
      await Promise.all(writes)
      assertEqual(await (await open()).get(['a', 'b']), [1, 2], 'records after a reload')
    },
  },
  {
    name: 'erases everything on destroy, in every instance', // F-89
    run: async ({ open }) => {
      const [one, two] = [await open(), await open()]
      await write(one, puts({ secret: 1 }))
      await two.get(['secret'])
      await one.destroy()
      await assertRejects(write(one, puts({ late: 1 })), 'CLOSED', 'update after destroy')
      await assertRejects(write(two, puts({ late: 1 })), 'CLOSED', 'update in another instance after destroy')
      await assertRejects(two.get(['secret']), 'CLOSED', 'get in another instance after destroy')
      const reborn = await open()
      assertEqual(await readAll(reborn), [], 'records after destroy')
      await write(reborn, puts({ fresh: 1 }))
      assertEqual(await reborn.get(['fresh']), [1], 'records in the new life')
    },
  },
  {
    name: 'closes twice, before and after use',
    run: async ({ open }) => {
      const [unused, used] = [await open(), await open()]
      await unused.close()
      await unused.close()
      await write(used, puts({ a: 1 }))
      await Promise.all([used.close(), used.close()])
    },
  },
  {
    name: 'answers CLOSED to everything after close',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ a: 1 }))
      await store.close()
      await assertRejects(write(store, puts({ b: 1 })), 'CLOSED', 'update after close')
      await assertRejects(store.get(['a']), 'CLOSED', 'get after close')
      await assertRejects(readAll(store), 'CLOSED', 'read after close')
    },
  },
  {
    name: 'leaves other instances open when one closes',
    run: async ({ open }) => {
      const [one, two] = [await open(), await open()]
      await write(one, puts({ a: 1 }))
      await one.close()
      assertEqual(await increment(two, 'a'), 1, 'what the open instance sees')
    },
  },
]
