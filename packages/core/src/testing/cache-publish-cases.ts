import { assertAbsent, assertHolds, assertNothingStaged, listed, put, stagedIds, type CacheCase } from './cache-case.ts'
import { randomBytes, textBlob } from './bytes.ts'
import { assert, assertEqual, assertRejects } from './suite.ts'

/** Publishing, discarding, sweeping and deleting. */
export const cachePublishCases: readonly CacheCase[] = [
  {
    name: 'tells whether publish was the first of its hash',
    run: async ({ open }) => {
      const store = await open()
      const [first, second] = [await store.stage(textBlob('twice')), await store.stage(textBlob('twice'))]
      assertEqual(await store.publish(first), 'published', 'first publish')
      assertEqual(await store.publish(second), 'already-present', 'second publish')
    },
  },
  {
    name: 'leaves nothing staged once it is published',
    run: async ({ open }) => {
      const store = await open()
      await put(store, textBlob('moved, not copied'))
      await assertNothingStaged(store, 'after publish')
    },
  },
  {
    name: 'drops the staged copy when the hash is there already',
    run: async ({ open }) => {
      const store = await open()
      await put(store, textBlob('twice'))
      await put(store, textBlob('twice'))
      await assertNothingStaged(store, 'after the second publish')
      assertEqual((await listed(store)).length, 1, 'entries')
    },
  },
  {
    name: 'never replaces bytes that somebody is reading',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(300_000)
      const { hash } = await put(store, new Blob([bytes]))
      const lent = await store.get(hash)
      await put(store, new Blob([bytes]))
      assert(lent !== undefined, 'absent after publish')
      assertEqual((await lent.arrayBuffer()).byteLength, bytes.length, 'bytes of a Blob lent before the second publish')
    },
  },
  {
    name: 'refuses to publish what was discarded',
    run: async ({ open }) => {
      const store = await open()
      const staged = await store.stage(textBlob('dropped'))
      await store.discard(staged.stageId)
      await assertRejects(store.publish(staged), 'NOT_FOUND', 'publish after discard')
      await assertAbsent(store, staged.hash, 'after a refused publish')
    },
  },
  {
    name: 'discards twice, and what never was, without complaint',
    run: async ({ open }) => {
      const store = await open()
      const staged = await store.stage(textBlob('dropped'))
      await store.discard(staged.stageId)
      await store.discard(staged.stageId)
      await store.discard('never-staged')
      await assertNothingStaged(store, 'after discard')
    },
  },
  {
    name: 'discards one staged copy and no other',
    run: async ({ open }) => {
      const store = await open()
      const [gone, kept] = [await store.stage(textBlob('same')), await store.stage(textBlob('same'))]
      await store.discard(gone.stageId)
      assertEqual(await store.publish(kept), 'published', 'publish of the other copy')
      await assertHolds(store, kept.hash, new TextEncoder().encode('same'), 'the other copy')
    },
  },
  {
    name: 'publishes what another instance has staged',
    run: async ({ open }) => {
      const [one, two] = [await open(), await open()]
      const bytes = randomBytes(100_000)
      const staged = await one.stage(new Blob([bytes]))
      assertEqual(await two.publish(staged), 'published', 'publish by the other instance')
      await assertHolds(one, staged.hash, bytes, 'seen by the one that staged')
    },
  },
  {
    name: 'keeps one copy of content that is staged twice at once',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(700_000)
      const staged = await Promise.all([store.stage(new Blob([bytes])), store.stage(new Blob([bytes]))])
      const outcomes = [await store.publish(staged[0]), await store.publish(staged[1])]
      assertEqual(outcomes, ['published', 'already-present'], 'outcomes')
      await assertHolds(store, staged[0].hash, bytes, 'the copy that is left')
      await assertNothingStaged(store, 'after both publishes')
    },
  },
  {
    name: 'stages many blobs at once without mixing them up',
    run: async ({ open }) => {
      const store = await open()
      const all = Array.from({ length: 24 }, (_, n) => randomBytes(n * 7_919))
      const staged = await Promise.all(all.map((bytes) => put(store, new Blob([bytes]))))
      for (const [n, { hash }] of staged.entries()) await assertHolds(store, hash, all[n] ?? new Uint8Array(), `blob ${n}`)
    },
  },
  {
    name: 'sweeps what is dead and keeps what is alive', // F-2
    run: async ({ open }) => {
      const store = await open()
      const published = await put(store, textBlob('published'))
      const [dead, alive] = [await store.stage(textBlob('dead')), await store.stage(textBlob('alive'))]
      await store.sweep((stageId) => stageId === alive.stageId)
      assertEqual(await stagedIds(store), [alive.stageId], 'staged after the sweep')
      await assertRejects(store.publish(dead), 'NOT_FOUND', 'publish of swept bytes')
      assertEqual(await store.publish(alive), 'published', 'publish of live bytes')
      await assertHolds(store, published.hash, new TextEncoder().encode('published'), 'published bytes after the sweep')
    },
  },
  {
    name: 'sweeps what a closed instance left behind', // F-1 F-2
    run: async ({ open }) => {
      const first = await open()
      const { stageId } = await first.stage(textBlob('left behind'))
      await first.close()
      const second = await open()
      assertEqual(await stagedIds(second), [stageId], 'staged after a reload')
      await second.sweep(() => false)
      await assertNothingStaged(second, 'after the sweep')
    },
  },
  {
    name: 'deletes once and then answers absent',
    run: async ({ open }) => {
      const store = await open()
      const { hash } = await put(store, textBlob('gone soon'))
      assertEqual(await store.delete(hash), 'deleted', 'first delete')
      assertEqual(await store.delete(hash), 'absent', 'second delete')
      await assertAbsent(store, hash, 'after delete')
      assert((await store.read(hash, { start: 0 })) === undefined, 'read gives bytes after delete')
      assertEqual(await listed(store), [], 'list after delete')
    },
  },
  {
    name: 'deletes one blob and leaves its neighbours',
    run: async ({ open }) => {
      const store = await open()
      const [gone, kept] = [await put(store, textBlob('gone')), await put(store, textBlob('kept'))]
      await store.delete(gone.hash)
      await assertHolds(store, kept.hash, new TextEncoder().encode('kept'), 'the neighbour')
      assertEqual(await listed(store), [{ hash: kept.hash, sizeBytes: 4 }], 'list')
    },
  },
  {
    name: 'takes deleted bytes back',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(80_000)
      const { hash } = await put(store, new Blob([bytes]))
      await store.delete(hash)
      assertEqual(await store.publish(await store.stage(new Blob([bytes]))), 'published', 'publish after delete')
      await assertHolds(store, hash, bytes, 'bytes that came back')
    },
  },
]
