import type { ByteRange } from '../provider/cache-store.ts'
import { assertStored, open, patient, randomTask, readRange, upload, type BlobProviderCase } from './blob-provider-case.ts'
import { collect, randomBytes, sameBytes, sha256Of } from './bytes.ts'
import { assert, assertEqual, assertRejects, rejection } from './suite.ts'

/** Getting bytes back, and asking about them. */
export const blobReadCases: readonly BlobProviderCase[] = [
  {
    name: 'says NOT_FOUND for a blob that never came',
    run: async ({ provider }) => {
      await assertRejects(open(provider, await sha256Of(randomBytes(32))), 'NOT_FOUND', 'whole')
      await assertRejects(open(provider, await sha256Of(randomBytes(32)), { start: 0, end: 1 }), 'NOT_FOUND', 'a range')
    },
  },
  {
    name: 'tells the size of what it opens, where it can',
    run: async ({ provider }) => {
      const { task } = await randomTask(12_345)
      await upload(provider, task)
      const opened = await open(provider, task.hash)
      await opened.body.cancel()
      assertEqual(opened.sizeBytes ?? 12_345, 12_345, 'size')
      assert(opened.range === undefined, 'the whole is called a part')
    },
  },
  {
    name: 'reads every kind of range exactly',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(300_000)
      await upload(provider, task)
      const ranges: readonly ByteRange[] = [
        { start: 0, end: 1 }, { start: 0 }, { start: 0, end: 300_000 }, { start: 299_999 }, { start: 65_535, end: 65_537 }, { start: 7, end: 290_001 },
      ]
      for (const range of ranges) {
        const part = await readRange(provider, task.hash, range)
        assert(sameBytes(part, bytes.subarray(range.start, range.end)), `from ${range.start} to ${range.end}: other bytes`)
      }
    },
  },
  {
    name: 'names the range that it opened',
    run: async ({ provider }) => {
      const { task } = await randomTask(1_000)
      await upload(provider, task)
      const opened = await open(provider, task.hash, { start: 100, end: 200 })
      await opened.body.cancel()
      assertEqual(opened.range ?? { start: 100, end: 200 }, { start: 100, end: 200 }, 'range')
      assertEqual(opened.sizeBytes ?? 1_000, 1_000, 'size of the whole')
    },
  },
  {
    name: 'refuses a range that begins behind the end',
    run: async ({ provider }) => {
      const { task } = await randomTask(1_000)
      await upload(provider, task)
      await assertRejects(open(provider, task.hash, { start: 1_000, end: 1_001 }), 'RANGE_INVALID', 'right behind the end')
      await assertRejects(open(provider, task.hash, { start: 5_000_000 }), 'RANGE_INVALID', 'far behind the end')
    },
  },
  {
    name: 'refuses a range that holds no byte',
    run: async ({ provider }) => {
      const { task } = await randomTask(1_000)
      await upload(provider, task)
      for (const range of [{ start: 10, end: 10 }, { start: 0, end: 0 }, { start: 20, end: 10 }]) {
        await assertRejects(open(provider, task.hash, range), 'RANGE_INVALID', `from ${range.start} to ${range.end}`)
      }
    },
  },
  {
    name: 'gives what there is of a range that goes beyond the end',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(1_000)
      await upload(provider, task)
      for (const start of [0, 999]) {
        const opened = await open(provider, task.hash, { start, end: 5_000 })
        const part = await collect(opened.body)
        if (opened.range === undefined) assert(sameBytes(part, bytes), 'the whole is not the whole')
        else assert(sameBytes(part, bytes.subarray(start)), `from ${start}: other bytes`)
        assertEqual(opened.range ?? { start, end: 1_000 }, { start, end: 1_000 }, 'what it says that it opened')
      }
    },
  },
  {
    name: 'opens one blob for many readers at once',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(200_000)
      await upload(provider, task)
      await Promise.all(Array.from({ length: 8 }, () => assertStored(provider, task.hash, bytes, 'one of eight')))
    },
  },
  {
    name: 'rejects an aborted open with the reason itself',
    run: async ({ provider }) => {
      const { task } = await randomTask(1_000)
      await upload(provider, task)
      const [reason, controller] = [new Error('enough'), new AbortController()]
      const opening = open(provider, task.hash, undefined, controller.signal)
      controller.abort(reason)
      assert((await rejection(opening, 'aborted open')) === reason, 'it rejects with something else')
    },
  },
  {
    name: 'breaks the stream with the reason when aborted later',
    run: async ({ provider }) => {
      const { task } = await randomTask(5_000_000)
      await upload(provider, task)
      const [reason, controller] = [new Error('enough'), new AbortController()]
      const opened = await open(provider, task.hash, undefined, controller.signal)
      controller.abort(reason)
      assert((await rejection(collect(opened.body), 'aborted stream')) === reason, 'it breaks with something else')
    },
  },
  {
    name: 'stays usable after a reader left early',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(2_000_000)
      await upload(provider, task)
      for (let turn = 0; turn < 10; turn++) await (await open(provider, task.hash)).body.cancel()
      await assertStored(provider, task.hash, bytes, 'read to the end')
    },
  },
  {
    name: 'stays usable after reads were aborted in the middle',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(2_000_000)
      await upload(provider, task)
      for (let turn = 0; turn < 20; turn++) {
        const [reason, controller] = [new Error('enough'), new AbortController()]
        const { body } = await open(provider, task.hash, undefined, controller.signal)
        const reader = body.getReader()
        const first = await reader.read()
        controller.abort(reason)
        // A store may hand out the whole in one piece: nothing is left to break then.
        if (first.value?.length !== bytes.length) assert((await rejection(drain(reader), 'aborted stream')) === reason, 'it breaks with something else')
      }
      await assertStored(provider, task.hash, bytes, 'read to the end')
    },
  },
  {
    name: 'tells stored from absent for 150 hashes, in order',
    run: async ({ provider }) => {
      const made = await Promise.all(Array.from({ length: 150 }, (_, index) => randomTask(100 + index)))
      const stored = new Set([0, 1, 77, 149])
      for (const index of stored) await upload(provider, (made[index] as (typeof made)[number]).task)
      const stats = await provider.stat(made.map(({ task }) => task.hash), { signal: patient })
      assertEqual(stats.map(({ is }) => is), made.map((_, index) => (stored.has(index) ? 'stored' : 'absent')), 'answers')
      const sizes = stats.map((stat, index) => (stat.is === 'stored' ? (stat.sizeBytes ?? 100 + index) : 100 + index))
      assertEqual(sizes, made.map(({ task }) => task.sizeBytes), 'sizes')
    },
  },
  {
    name: 'answers a stat of nothing with nothing',
    run: async ({ provider }) => assertEqual(await provider.stat([], { signal: patient }), [], 'answers'),
  },
  {
    name: 'answers a repeated hash once for each time it was asked',
    run: async ({ provider }) => {
      const { task } = await randomTask(10)
      await upload(provider, task)
      const stats = await provider.stat([task.hash, task.hash], { signal: patient })
      assertEqual(stats.map(({ is }) => is), ['stored', 'stored'], 'answers')
    },
  },
  {
    name: 'rejects an aborted stat with the reason itself',
    run: async ({ provider }) => {
      const reason = new Error('enough')
      const asking = provider.stat([await sha256Of(randomBytes(8))], { signal: AbortSignal.abort(reason) })
      assert((await rejection(asking, 'aborted stat')) === reason, 'it rejects with something else')
    },
  },
  {
    name: 'lends a URL that gives the bytes without headers',
    run: async ({ provider }) => {
      if (provider.url === undefined) return
      const { bytes, task } = await randomTask(4_000)
      await upload(provider, task)
      const { url } = await provider.url({ hash: task.hash, sizeBytes: undefined, type: '' }, { expiresInMs: 60_000, signal: patient })
      const response = await fetch(url)
      assert(sameBytes(new Uint8Array(await response.arrayBuffer()), bytes), 'other bytes came back')
    },
  },
]

async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}
