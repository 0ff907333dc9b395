import type { CacheStore } from '../provider/cache-store.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { bytesOf, collect, randomBytes, sameBytes, sha256Of, textBlob } from './bytes.ts'
import { assertHolds, listed, put, type CacheCase } from './cache-case.ts'
import { assert, assertEqual, assertRejects, rejection } from './suite.ts'

async function readPart(store: CacheStore, hash: BlobHash, start: number, end?: number): Promise<Uint8Array> {
  const stream = await store.read(hash, { start, end })
  assert(stream !== undefined, `read from ${start} to ${end}: absent`)
  return collect(stream)
}

/** Getting bytes out, whole and in parts, and listing them. */
export const cacheReadCases: readonly CacheCase[] = [
  {
    name: 'answers undefined for a hash it does not have',
    run: async ({ open }) => {
      const store = await open()
      const hash = await sha256Of(randomBytes(32))
      assert((await store.get(hash)) === undefined, 'get gives something')
      assert((await store.read(hash, { start: 5, end: 1 })) === undefined, 'read gives something')
      assertEqual(await store.delete(hash), 'absent', 'delete')
    },
  },
  {
    name: 'gives a Blob with its size and without a type',
    run: async ({ open }) => {
      const store = await open()
      const blob = await store.get((await put(store, textBlob('plain text'))).hash)
      assertEqual([blob?.size, blob?.type], [10, ''], 'size and type')
    },
  },
  {
    name: 'reads every kind of range exactly',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(1_500_000)
      const { hash } = await put(store, new Blob([bytes]))
      const ranges: [number, number?][] = [[0], [0, 1], [0, 1_500_000], [1_499_999], [1_499_999, 1_500_000], [262_143, 262_145], [3, 1_400_003]]
      for (const [start, end] of ranges) {
        assert(sameBytes(await readPart(store, hash, start, end), bytes.subarray(start, end)), `range ${start} to ${end}: other bytes`)
      }
    },
  },
  {
    name: 'gives an empty stream for an empty range',
    run: async ({ open }) => {
      const store = await open()
      const { hash } = await put(store, textBlob('abc'))
      const empty = await put(store, new Blob([]))
      assertEqual((await readPart(store, hash, 1, 1)).length, 0, 'range 1 to 1')
      assertEqual((await readPart(store, hash, 3)).length, 0, 'range from the end')
      assertEqual((await readPart(store, empty.hash, 0)).length, 0, 'whole of an empty blob')
    },
  },
  {
    name: 'refuses ranges outside of the blob', // F-73
    run: async ({ open }) => {
      const store = await open()
      const { hash } = await put(store, textBlob('abc'))
      const ranges: [number, number?][] = [[4], [0, 4], [2, 1], [-1], [-1, 2], [0.5], [0, 1.5], [Number.NaN], [0, Number.POSITIVE_INFINITY]]
      for (const [start, end] of ranges) {
        const details = await assertRejects(store.read(hash, { start, end }), 'RANGE_INVALID', `range ${start} to ${end}`)
        assertEqual(details, { sizeBytes: 3 }, 'details')
      }
    },
  },
  {
    name: 'lets a reader stop in the middle',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(2_000_000)
      const { hash } = await put(store, new Blob([bytes]))
      const reader = (await store.read(hash, { start: 0 }))?.getReader()
      assert(reader !== undefined, 'absent')
      await reader.read()
      await reader.cancel('seen enough')
      await assertHolds(store, hash, bytes, 'after a reader stopped')
    },
  },
  {
    name: 'lends a Blob that outlives other publishes and deletes',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(400_000)
      const { hash } = await put(store, new Blob([bytes]))
      const blob = await store.get(hash)
      assert(blob !== undefined, 'absent')
      for (let n = 0; n < 20; n += 1) {
        const { hash: other } = await put(store, textBlob(`other ${n}`))
        if (n % 2 === 0) await store.delete(other)
      }
      assert(sameBytes(await bytesOf(blob), bytes), 'the Blob gives other bytes')
      assert(sameBytes(await bytesOf(blob.slice(9, 99)), bytes.subarray(9, 99)), 'a slice of it gives other bytes')
    },
  },
  {
    name: 'lists hash and size of every blob',
    run: async ({ open }) => {
      const store = await open()
      const staged = [await put(store, textBlob('one')), await put(store, textBlob('three')), await put(store, new Blob([]))]
      const expected = staged.map(({ hash, sizeBytes }) => `${hash} ${sizeBytes}`).sort()
      assertEqual((await listed(store)).map(({ hash, sizeBytes }) => `${hash} ${sizeBytes}`).sort(), expected, 'list')
    },
  },
  {
    name: 'lists every entry, past any page size',
    run: async ({ open }) => {
      const store = await open()
      for (let n = 0; n < 1_120; n += 40) {
        await Promise.all(Array.from({ length: 40 }, (_, k) => put(store, textBlob(`${n + k}`))))
      }
      const hashes = (await listed(store)).map(({ hash }) => hash)
      assertEqual([hashes.length, new Set(hashes).size], [1_120, 1_120], 'entries and distinct entries')
    },
  },
  {
    name: 'stops listing with the reason when aborted',
    run: async ({ open }) => {
      const store = await open()
      await put(store, textBlob('one'))
      const reason = new Error('enough')
      const listing = store.list({ signal: AbortSignal.abort(reason) })[Symbol.asyncIterator]()
      assert((await rejection(listing.next(), 'list with an aborted signal')) === reason, 'rejected with something else')
    },
  },
]
