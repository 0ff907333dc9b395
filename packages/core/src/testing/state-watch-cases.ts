import { follow, followUntil, nextChange, puts, readAll, watchFrom, watchFromNow, write, type StateCase } from './state-case.ts'
import { assert, assertEqual, together } from './suite.ts'

/** More commits than any ring of change lists is meant to hold. */
const MANY_COMMITS = 1_100

/** The change feed that other tabs follow. */
export const stateWatchCases: readonly StateCase[] = [
  {
    name: 'opens a watch with a reset at the present',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ a: 1 }))
      const first = await watchFromNow(store)
      await first.stop()
      await write(store, puts({ b: 2 }))
      const second = await watchFromNow(store)
      await second.stop()
      assert(second.seq > first.seq, 'the sequence did not grow with a commit')
    },
  },
  {
    name: 'tells a watcher of changes by its own instance',
    run: async ({ open }) => {
      const store = await open()
      const watcher = await watchFromNow(store)
      await write(store, puts({ a: 1 }))
      const change = await nextChange(watcher)
      assertEqual(change.entries, [{ key: 'a', value: 1 }], 'entries')
      assertEqual(change.deletedRanges, [], 'ranges')
      assert(change.seq > watcher.seq, 'the sequence did not grow')
      await watcher.stop()
    },
  },
  {
    name: 'tells a watcher of changes by another instance', // F-21
    run: async ({ open }) => {
      const [writer, follower] = [await open(), await open()]
      const watcher = await watchFromNow(follower)
      const waiting = nextChange(watcher)
      await write(writer, puts({ a: 1 }))
      assertEqual((await waiting).entries, [{ key: 'a', value: 1 }], 'entries')
      await watcher.stop()
    },
  },
  {
    name: 'tells what happened since a sequence number',
    run: async ({ open }) => {
      const store = await open()
      const { seq, stop } = await watchFromNow(store)
      await stop()
      await write(store, puts({ a: 1 }))
      await write(store, puts({ b: 2 }))
      const watcher = watchFrom(store, seq)
      const copy = new Map<string, unknown>()
      await followUntil(watcher, store, copy, 'b', 2)
      assertEqual([...copy], [['a', 1], ['b', 2]], 'the copy that followed')
      await watcher.stop()
    },
  },
  {
    name: 'goes on after a reload from where it was',
    run: async ({ open }) => {
      const first = await open()
      const { seq, stop } = await watchFromNow(first)
      await stop()
      await write(first, puts({ a: 1 }), 'strict')
      await first.close()
      const watcher = watchFrom(await open(), seq)
      assertEqual((await nextChange(watcher)).entries, [{ key: 'a', value: 1 }], 'entries')
      await watcher.stop()
    },
  },
  {
    name: 'tells of a deleted key with an undefined value',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ a: 1, b: 2 }))
      const watcher = await watchFromNow(store)
      await write(store, [{ delete: 'a' }])
      const { entries } = await nextChange(watcher)
      assert(entries.length === 1 && entries[0]?.key === 'a' && entries[0].value === undefined, 'the deletion was told otherwise')
      await watcher.stop()
    },
  },
  {
    name: 'tells of ranges, with what was written into them later',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ 'a/1': 1, 'a/2': 2, b: 3 }))
      const copy = new Map((await readAll(store)).map(({ key, value }) => [key, value]))
      const watcher = await watchFromNow(store)
      await write(store, [{ deleteRange: { from: 'a/', to: 'a0' } }, { put: 'a/3', value: 'new' }])
      const change = await nextChange(watcher)
      assertEqual(change.deletedRanges, [{ from: 'a/', to: 'a0' }], 'ranges')
      follow(copy, change)
      assertEqual([...copy], [['b', 3], ['a/3', 'new']], 'the copy that followed')
      await watcher.stop()
    },
  },
  {
    name: 'tells what a range took that was written just before',
    run: async ({ open }) => {
      const store = await open()
      const { seq, stop } = await watchFromNow(store)
      await stop()
      await write(store, puts({ 'a/1': 1, z: 1 }))
      await write(store, [{ deleteRange: { from: 'a/', to: 'a0' } }])
      await write(store, puts({ end: true }))
      const watcher = watchFrom(store, seq)
      const copy = new Map<string, unknown>()
      await followUntil(watcher, store, copy, 'end', true)
      assertEqual([...copy.keys()].sort(), ['end', 'z'], 'keys of the copy that followed')
      await watcher.stop()
    },
  },
  {
    name: 'gives each change as one snapshot',
    run: async ({ open }) => {
      const [writer, follower] = [await open(), await open()]
      await write(writer, puts({ x: 0, y: 0 }))
      const watcher = await watchFromNow(follower)
      const writing = async (): Promise<void> => {
        for (let n = 1; n <= 200; n += 1) await write(writer, puts({ x: n, y: n }))
      }
      const following = async (): Promise<void> => {
        for (let seen = 0; seen < 200;) {
          const { entries } = await nextChange(watcher)
          const values = Object.fromEntries(entries.map(({ key, value }) => [key, value]))
          assertEqual(values.x, values.y, 'two keys that are always written together')
          assert(Number(values.x) > seen, 'a change brought nothing new')
          seen = Number(values.x)
        }
      }
      await together(writing(), following())
      await watcher.stop()
    },
  },
  {
    name: 'gives a slow watcher the latest values, each key once',
    run: async ({ open }) => {
      const store = await open()
      const watcher = await watchFromNow(store)
      for (let n = 1; n <= 20; n += 1) await write(store, puts({ k: n }))
      const copy = new Map<string, unknown>()
      const change = await nextChange(watcher)
      assertEqual(new Set(change.entries.map(({ key }) => key)).size, change.entries.length, 'distinct keys')
      follow(copy, change)
      await followUntil(watcher, store, copy, 'k', 20)
      await watcher.stop()
    },
  },
  {
    name: 'is quiet about updates that write nothing',
    run: async ({ open }) => {
      const store = await open()
      const watcher = await watchFromNow(store)
      await write(store, [])
      await write(store, puts({ real: 1 }))
      assertEqual((await nextChange(watcher)).entries, [{ key: 'real', value: 1 }], 'the first change')
      await watcher.stop()
    },
  },
  {
    name: 'never tells a reader far behind less than everything',
    run: async ({ open }) => {
      const store = await open()
      const { seq, stop } = await watchFromNow(store)
      await stop()
      await write(store, puts({ first: 'early' }))
      for (let n = 1; n <= MANY_COMMITS; n += 1) await write(store, puts({ k: n }))
      const watcher = watchFrom(store, seq)
      const copy = new Map<string, unknown>()
      await followUntil(watcher, store, copy, 'k', MANY_COMMITS)
      assertEqual(copy.get('first'), 'early', 'the oldest change')
      await watcher.stop()
    },
  },
  {
    name: 'resets a reader that comes from another life',
    run: async ({ open }) => {
      const store = await open()
      await write(store, puts({ a: 1 }))
      const { seq, stop } = await watchFromNow(store)
      await stop()
      const watcher = watchFrom(store, seq + 5_000)
      const change = await watcher.next()
      assert('reset' in change && change.seq === seq, 'no reset at the present sequence number')
      await watcher.stop()
    },
  },
  {
    name: 'lends a watcher copies of the values',
    run: async ({ open }) => {
      const store = await open()
      const watcher = await watchFromNow(store)
      await write(store, puts({ k: { list: [1] } }))
      const { entries } = await nextChange(watcher)
      ;(entries[0]?.value as { list: number[] }).list.push(2)
      assertEqual(await store.get(['k']), [{ list: [1] }], 'the record')
      await watcher.stop()
    },
  },
  {
    name: 'ends a watch quietly when aborted',
    run: async ({ open }) => {
      const store = await open()
      const controller = new AbortController()
      const changes = store.watch(undefined, { signal: controller.signal })[Symbol.asyncIterator]()
      await changes.next()
      const waiting = changes.next()
      controller.abort(new Error('enough'))
      assertEqual((await waiting).done, true, 'done')
      const late = store.watch(undefined, { signal: controller.signal })[Symbol.asyncIterator]()
      assertEqual((await late.next()).done, true, 'done at once with an aborted signal')
    },
  },
  {
    name: 'ends a watch quietly when the store closes',
    run: async ({ open }) => {
      const [closing, destroying] = [await open(), await open()]
      const { signal } = new AbortController()
      const watches = [closing, destroying].map((store) => store.watch(undefined, { signal })[Symbol.asyncIterator]())
      for (const changes of watches) await changes.next()
      const waiting = watches.map((changes) => changes.next())
      await closing.close()
      await destroying.destroy()
      assertEqual((await Promise.all(waiting)).map(({ done }) => done), [true, true], 'done')
    },
  },
]
