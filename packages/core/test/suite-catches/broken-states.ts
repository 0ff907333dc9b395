import type { Decide, StateChange, StateEntry, StateOp, StateStore, UpdateOptions } from '../../src/provider/index.ts'
import { BseError } from '../../src/wire/index.ts'
import type { Broken } from './broken.ts'

type BrokenState = Broken<StateStore>
type Get = (key: string) => unknown
type Decision = ReturnType<Decide<unknown>>
type Told = Exclude<StateChange, { reset: true }>

/** Changes how decisions are run; everything else of `update` stays. */
function deciding(store: StateStore, run: (decide: Decide<unknown>, get: Get) => Decision, alsoRead: readonly string[] = []): Pick<StateStore, 'update'> {
  return {
    update: <T>(read: readonly string[], decide: Decide<T>, options: UpdateOptions) =>
      store.update<T>([...read, ...alsoRead], (get) => run(decide, get) as ReturnType<Decide<T>>, options),
  }
}

/** Changes what is written. */
function writing(store: StateStore, change: (ops: readonly StateOp[]) => readonly StateOp[]): Pick<StateStore, 'update'> {
  return deciding(store, (decide, get) => {
    const { ops, result } = decide(get)
    return { ops: change(ops), result }
  })
}

/** Changes what a watcher is told. */
function telling(store: StateStore, change: (told: Told) => Told | Promise<Told>): Pick<StateStore, 'watch'> {
  return {
    watch: async function* (since, options) {
      for await (const told of store.watch(since, options)) yield 'reset' in told ? told : await change(told)
    },
  }
}

/** Decides on what was there some time before the commit. */
function stale(store: StateStore, before: () => Promise<void>): Pick<StateStore, 'update'> {
  return {
    update: async <T>(read: readonly string[], decide: Decide<T>, options: UpdateOptions): Promise<T> => {
      await before()
      const values = new Map((await store.get(read)).map((value, n) => [read[n], value]))
      await pause()
      const decision = decide((key) => values.get(key))
      return store.update([], () => decision, options)
    },
  }
}

async function pause(): Promise<void> {
  for (let n = 0; n < 8; n += 1) await Promise.resolve()
}

const inRange = (key: string, { from, to }: { from: string; to: string }): boolean => key >= from && key < to

const brokenUpdates: readonly BrokenState[] = [
  { caughtBy: 'writes all ops of an update and answers its result', wrap: (store) => writing(store, (ops) => ops.filter((op) => !('delete' in op))) },
  { caughtBy: 'shows a decision what was committed before it', wrap: (store) => deciding(store, (decide) => decide(() => undefined)) },
  {
    caughtBy: 'applies the ops of an update in their order',
    wrap: (store) => writing(store, (ops) => [...ops.filter((op) => !('put' in op)), ...ops.filter((op) => 'put' in op)]),
  },
  {
    caughtBy: 'writes nothing of a decision that throws',
    wrap: (store) => deciding(store, (decide, get) => {
      try {
        return decide(get)
      } catch (cause) {
        throw new BseError('STORAGE_FAILED', 'rolled back', { store: 'broken' }, { cause })
      }
    }),
  },
  {
    caughtBy: 'keeps the neighbours of a decision that throws',
    wrap: (store) => {
      let failed = false
      return deciding(store, (decide, get) => {
        if (failed) throw new Error('the group was rolled back')
        try {
          return decide(get)
        } catch (error) {
          failed = true
          throw error
        }
      })
    },
  },
  {
    caughtBy: 'keeps the neighbours of a value that cannot be stored',
    wrap: (store) => ({
      update: async (read, decide, options) => {
        const { ops, result } = await store.update(read, (get) => ({ ops: [], result: decide(get) }), options)
        for (const op of ops) await store.update([], () => ({ ops: [op], result: undefined }), options)
        return result
      },
    }),
  },
  { caughtBy: 'shows a decision the earlier ones of its tick', wrap: (store) => stale(store, async () => undefined) },
  {
    caughtBy: 'shows a decision the deletions of its tick',
    wrap: (store) => {
      const ghosts = new Map<string, unknown>()
      return deciding(store, (decide, get) => {
        const decision = decide((key) => get(key) ?? ghosts.get(key))
        for (const op of decision.ops) if ('delete' in op) ghosts.set(op.delete, get('b'))
        return decision
      }, ['b'])
    },
  },
  { caughtBy: 'refuses a decision that reads a key it did not name', wrap: (store) => deciding(store, (decide, get) => decide(get), ['secret']) },
  {
    caughtBy: 'refuses keys that are not printable ASCII',
    wrap: (store) => writing(store, (ops) => ops.map((op) => ('put' in op ? { put: encodeURIComponent(op.put).slice(0, 512) || '-', value: op.value } : op))),
  },
  {
    caughtBy: 'loses no increment of two instances',
    wrap: (store) => {
      let last: Promise<unknown> = Promise.resolve()
      const oneByOne = stale(store, async () => undefined)
      return {
        update: <T>(...args: [readonly string[], Decide<T>, UpdateOptions]): Promise<T> => {
          const mine = last.then(() => oneByOne.update(...args))
          last = mine.catch(() => undefined)
          return mine
        },
      }
    },
  },
  {
    caughtBy: 'takes a burst of 1,000 updates of one tick',
    wrap: (store) => {
      let inTick = 0
      return writing(store, (ops) => {
        if (inTick === 0) queueMicrotask(() => { inTick = 0 })
        return (inTick += 1) > 500 ? [] : ops
      })
    },
  },
  {
    caughtBy: 'deletes a range with its start and without its end',
    wrap: (store) => writing(store, (ops) => ops.flatMap((op): StateOp[] => ('deleteRange' in op ? [op, { delete: op.deleteRange.to }] : [op]))),
  },
]

const brokenReads: readonly BrokenState[] = [
  {
    caughtBy: 'answers undefined for keys it does not have',
    wrap: (store) => ({ get: async (keys) => (await store.get(keys)).filter((value) => value !== undefined) }),
  },
  {
    caughtBy: 'gives the values of one moment',
    wrap: (store) => ({
      get: async (keys) => {
        const values: unknown[] = []
        for (const key of keys) {
          values.push(...(await store.get([key])))
          await pause()
        }
        return values
      },
    }),
  },
  {
    caughtBy: 'reads in byte order of the keys',
    wrap: (store) => ({
      read: async function* (...args) {
        for await (const page of store.read(...args)) yield [...page].sort((a, b) => a.key.localeCompare(b.key))
      },
    }),
  },
  {
    caughtBy: 'reads a range with its start and without its end',
    wrap: (store) => ({ read: ({ from, to }, options) => store.read({ from, to: `${to}!` }, options) }),
  },
  {
    caughtBy: 'reads every entry, past any page size',
    wrap: (store) => ({ read: async function* (...args) { for await (const page of store.read(...args)) return yield page } }),
  },
  { caughtBy: 'gives pages of at most the size asked for', wrap: (store) => ({ read: (range) => store.read(range) }) },
  {
    caughtBy: 'stops reading with the reason when aborted',
    wrap: (store) => ({ read: (range, options) => store.read(range, options?.pageSize === undefined ? {} : { pageSize: options.pageSize }) }),
  },
  {
    caughtBy: 'gives values back as they were, bytes too',
    wrap: (store) => ({ get: async (keys) => (await store.get(keys)).map((value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)) as unknown)) }),
  },
  {
    caughtBy: 'stores copies that later changes do not reach',
    wrap: (store) => {
      const lent = new Map<string, unknown>()
      return {
        ...writing(store, (ops) => {
          for (const op of ops) if ('put' in op) lent.set(op.put, op.value)
          return ops
        }),
        get: async (keys) => keys.map((key) => lent.get(key)),
      }
    },
  },
  {
    caughtBy: 'lends a decision copies, also within a tick',
    wrap: (store) => {
      const lent = new Map<string, unknown>()
      return deciding(store, (decide, get) => decide((key) => {
        if (!lent.has(key)) lent.set(key, get(key))
        return lent.get(key)
      }))
    },
  },
  { caughtBy: 'shares everything between two instances of a namespace', namespace: (asked, tab) => `${asked}-${tab}` },
  { caughtBy: 'has after a reload what it had before', wrap: (store) => ({ close: () => store.destroy() }) },
  {
    caughtBy: 'commits what was under way when it closes',
    wrap: (store) => ({
      update: async (...args) => {
        await pause()
        return store.update(...args)
      },
    }),
  },
  {
    caughtBy: 'erases everything on destroy, in every instance',
    wrap: (store) => ({
      destroy: async () => {
        await store.update([], () => ({ ops: [{ deleteRange: { from: ' ', to: '\x7f' } }], result: undefined }), { durability: 'strict' })
        await store.close()
      },
    }),
  },
  { caughtBy: 'erases everything on destroy, in every instance', wrap: (store) => ({ destroy: () => store.close() }) },
  {
    caughtBy: 'closes twice, before and after use',
    wrap: (store) => {
      let closes = 0
      return { close: async () => { if ((closes += 1) > 1) throw new BseError('CLOSED', 'closed already', { what: 'broken' }); await store.close() } }
    },
  },
  { caughtBy: 'answers CLOSED to everything after close', wrap: () => ({ close: async () => undefined }) },
  { caughtBy: 'answers CLOSED to everything after close', wrap: (_, { open }) => ({ read: (...args) => open().read(...args) }) },
  {
    caughtBy: 'leaves other instances open when one closes',
    wrap: (_, { opened }) => ({ close: async () => { for (const store of opened) await store.close() } }),
  },
]

const brokenWatches: readonly BrokenState[] = [
  { caughtBy: 'opens a watch with a reset at the present', wrap: (store) => ({ watch: (since, options) => store.watch(since ?? 0, options) }) },
  {
    caughtBy: 'tells a watcher of changes by its own instance',
    wrap: (store) => telling(store, (told) => ({ ...told, entries: told.entries.map(({ key }) => ({ key, value: undefined })) })),
  },
  {
    caughtBy: 'tells a watcher of changes by another instance',
    wrap: (store) => {
      const own = new Set<string>()
      return {
        ...writing(store, (ops) => {
          for (const op of ops) if ('put' in op) own.add(op.put)
          return ops
        }),
        ...telling(store, (told) => ({ ...told, entries: told.entries.filter(({ key }) => own.has(key)) })),
      }
    },
  },
  { caughtBy: 'tells what happened since a sequence number', wrap: (store) => telling(store, (told) => ({ ...told, entries: told.entries.slice(-1) })) },
  {
    caughtBy: 'goes on after a reload from where it was',
    wrap: (store) => ({
      watch: async function* (since, options) {
        if (since !== undefined) yield { seq: since, reset: true }
        yield* store.watch(since, options)
      },
    }),
  },
  {
    caughtBy: 'tells of a deleted key with an undefined value',
    wrap: (store) => telling(store, (told) => ({ ...told, entries: told.entries.filter(({ value }) => value !== undefined) })),
  },
  {
    caughtBy: 'tells of ranges, with what was written into them later',
    wrap: (store) => telling(store, (told) => ({ ...told, entries: told.entries.filter(({ key }) => !told.deletedRanges.some((range) => inRange(key, range))) })),
  },
  {
    caughtBy: 'tells what a range took that was written just before',
    wrap: (store) => {
      const written = new Map<string, unknown>()
      return {
        ...writing(store, (ops) => {
          for (const op of ops) if ('put' in op) written.set(op.put, op.value)
          return ops
        }),
        ...telling(store, (told) => ({ ...told, entries: told.entries.map(({ key }) => ({ key, value: written.get(key) })) })),
      }
    },
  },
  {
    caughtBy: 'gives each change as one snapshot',
    wrap: (store) => telling(store, async (told) => {
      const entries: StateEntry[] = []
      for (const { key } of told.entries) {
        entries.push({ key, value: (await store.get([key]))[0] })
        await pause()
      }
      return { ...told, entries }
    }),
  },
  {
    caughtBy: 'gives a slow watcher the latest values, each key once',
    wrap: (store) => telling(store, (told) => ({ ...told, entries: [...told.entries, ...told.entries] })),
  },
  {
    caughtBy: 'is quiet about updates that write nothing',
    wrap: (store) => writing(store, (ops) => (ops.length === 0 ? [{ put: 'nothing', value: true }] : ops)),
  },
  {
    caughtBy: 'never tells a reader far behind less than everything',
    wrap: (store) => ({
      watch: async function* (since, options) {
        for await (const told of store.watch(since, options)) {
          if ('reset' in told && since !== undefined) yield { seq: told.seq, deletedRanges: [], entries: [{ key: 'k', value: (await store.get(['k']))[0] }] }
          else yield told
        }
      },
    }),
  },
  {
    caughtBy: 'resets a reader that comes from another life',
    wrap: (store) => ({
      watch: async function* (since, options) {
        for await (const told of store.watch(since, options)) {
          if ('reset' in told && since !== undefined && since > told.seq) yield { seq: told.seq, deletedRanges: [], entries: [] }
          else yield told
        }
      },
    }),
  },
  {
    caughtBy: 'lends a watcher copies of the values',
    wrap: (store) => {
      const lent = new Map<string, unknown>()
      return {
        get: async (keys) => keys.map((key) => lent.get(key)),
        ...telling(store, (told) => {
          for (const { key, value } of told.entries) lent.set(key, value)
          return told
        }),
      }
    },
  },
  {
    caughtBy: 'ends a watch quietly when aborted',
    wrap: (store) => ({
      watch: async function* (since, options) {
        yield* store.watch(since, options)
        options.signal.throwIfAborted()
      },
    }),
  },
  {
    caughtBy: 'ends a watch quietly when the store closes',
    wrap: (store) => ({
      watch: async function* (since, options) {
        yield* store.watch(since, options)
        if (!options.signal.aborted) throw new BseError('CLOSED', 'closed', { what: 'broken' })
      },
    }),
  },
]

export const brokenStates: readonly BrokenState[] = [...brokenUpdates, ...brokenReads, ...brokenWatches]
