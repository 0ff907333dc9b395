import type { CacheStore } from '../provider/cache-store.ts'
import { randomBytes, sha256Of, textBlob } from './bytes.ts'
import { assertAbsent, assertHolds, assertNothingStaged, listed, put, type CacheCase } from './cache-case.ts'
import { assertEqual, assertRejects } from './suite.ts'

/** Sharing, reopening, erasing, closing. */
export const cacheLifeCases: readonly CacheCase[] = [
  {
    name: 'shares everything between two instances of a namespace',
    run: async ({ open }) => {
      const [one, two] = [await open(), await open()]
      const bytes = randomBytes(150_000)
      const { hash } = await put(one, new Blob([bytes]))
      await assertHolds(two, hash, bytes, 'in the other instance')
      assertEqual(await two.publish(await two.stage(new Blob([bytes]))), 'already-present', 'publish in the other instance')
      assertEqual(await two.delete(hash), 'deleted', 'delete in the other instance')
      await assertAbsent(one, hash, 'after a delete by the other instance')
    },
  },
  {
    name: 'publishes once what two instances staged at once',
    run: async ({ open }) => {
      const [one, two] = [await open(), await open()]
      const bytes = randomBytes(150_000)
      const [a, b] = await Promise.all([one.stage(new Blob([bytes])), two.stage(new Blob([bytes]))])
      assertEqual([await two.publish(b), await one.publish(a)], ['published', 'already-present'], 'outcomes')
      await assertHolds(one, a.hash, bytes, 'the copy that is left')
    },
  },
  {
    name: 'has after a reload what it had before', // F-1
    run: async ({ open }) => {
      const first = await open()
      const bytes = randomBytes(1_200_000)
      const { hash } = await put(first, new Blob([bytes]))
      await first.close()
      const second = await open()
      await assertHolds(second, hash, bytes, 'after a reload')
      assertEqual(await listed(second), [{ hash, sizeBytes: bytes.length }], 'list after a reload')
    },
  },
  {
    name: 'erases published and staged bytes on destroy', // F-89
    run: async ({ open }) => {
      const first = await open()
      const { hash } = await put(first, textBlob('secret'))
      await first.stage(textBlob('also secret'))
      await first.destroy()
      const second = await open()
      await assertAbsent(second, hash, 'after destroy')
      assertEqual(await listed(second), [], 'list after destroy')
      await assertNothingStaged(second, 'after destroy')
    },
  },
  {
    name: 'is closed after destroy',
    run: async ({ open }) => {
      const store = await open()
      await put(store, textBlob('x'))
      await store.destroy()
      await assertRejects(store.stage(textBlob('y')), 'CLOSED', 'stage after destroy')
      await store.close()
    },
  },
  {
    name: 'works again in a namespace that was destroyed',
    run: async ({ open }) => {
      const first = await open()
      await put(first, textBlob('x'))
      await first.destroy()
      const second = await open()
      const { hash } = await put(second, textBlob('y'))
      await assertHolds(second, hash, new TextEncoder().encode('y'), 'in the new life')
    },
  },
  {
    name: 'closes twice, before and after use',
    run: async ({ open }) => {
      const [unused, used] = [await open(), await open()]
      await unused.close()
      await unused.close()
      await put(used, textBlob('x'))
      await Promise.all([used.close(), used.close()])
    },
  },
  {
    name: 'answers CLOSED to everything after close',
    run: async ({ open }) => {
      const store = await open()
      const staged = await store.stage(textBlob('staged'))
      const hash = await sha256Of(randomBytes(8))
      await store.close()
      const calls: Record<string, () => Promise<unknown>> = {
        stage: () => store.stage(textBlob('x')),
        publish: () => store.publish(staged),
        discard: () => store.discard(staged.stageId),
        sweep: () => store.sweep(() => true),
        get: () => store.get(hash),
        read: () => store.read(hash, { start: 0 }),
        delete: () => store.delete(hash),
        list: () => firstListed(store),
      }
      for (const [name, call] of Object.entries(calls)) await assertRejects(call(), 'CLOSED', `${name} after close`)
    },
  },
  {
    name: 'leaves other instances open when one closes',
    run: async ({ open }) => {
      const [one, two] = [await open(), await open()]
      const { hash } = await put(one, textBlob('shared'))
      await one.close()
      await assertHolds(two, hash, new TextEncoder().encode('shared'), 'in the instance that is open')
    },
  },
]

async function firstListed(store: CacheStore): Promise<unknown> {
  return store.list()[Symbol.asyncIterator]().next()
}
