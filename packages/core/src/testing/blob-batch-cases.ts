import type { BlobProvider, UploadTask } from '../provider/blob-provider.ts'
import { hasCode } from '../errors.ts'
import { assertStored, patient, randomTask, statOf, taskOf, upload, wrongTask, type BlobProviderCase } from './blob-provider-case.ts'
import { randomBytes, sha256Of } from './bytes.ts'
import { assert, assertEqual, assertRejects, rejection } from './suite.ts'

async function batch(provider: BlobProvider, tasks: readonly UploadTask[]): Promise<readonly string[] | undefined> {
  const outcomes = await provider.batch?.upload(tasks, { signal: patient })
  assertEqual(outcomes?.map(({ hash }) => hash), outcomes && tasks.map(({ hash }) => hash), 'the order of the outcomes')
  return outcomes?.map((outcome) => ('receipt' in outcome ? 'stored' : hasCode(outcome.error, 'HASH_MISMATCH') ? 'mismatch' : 'failed'))
}

/** Several at once, where the provider can, and the end of a provider's life. */
export const blobBatchCases: readonly BlobProviderCase[] = [
  {
    name: 'stores every blob of a batch',
    run: async ({ provider }) => {
      if (provider.batch === undefined) return
      const made = await Promise.all([0, 1, 500, 20_000, provider.batch.maxBlobBytes].map(randomTask))
      assertEqual(await batch(provider, made.map(({ task }) => task)), made.map(() => 'stored'), 'outcomes')
      for (const { bytes, task } of made) await assertStored(provider, task.hash, bytes, `${bytes.length} bytes`)
    },
  },
  {
    name: 'takes a batch of as many as it says',
    run: async ({ provider }) => {
      if (provider.batch === undefined) return
      const made = await Promise.all(Array.from({ length: provider.batch.maxCount }, (_, index) => randomTask(8 + index)))
      assertEqual(await batch(provider, made.map(({ task }) => task)), made.map(() => 'stored'), 'outcomes')
    },
  },
  {
    name: 'refuses one of a batch and stores its neighbours',
    run: async ({ provider }) => {
      if (provider.batch === undefined) return
      const [first, last, wrong] = [await randomTask(300), await randomTask(400), await wrongTask(500)]
      assertEqual(await batch(provider, [first.task, wrong, last.task]), ['stored', 'mismatch', 'stored'], 'outcomes')
      assertEqual(await statOf(provider, wrong.hash), 'absent', 'the refused one')
      await assertStored(provider, last.task.hash, last.bytes, 'the one behind it')
    },
  },
  {
    name: 'takes a batch with what is there already',
    run: async ({ provider }) => {
      if (provider.batch === undefined) return
      const [old, fresh] = [await randomTask(300), await randomTask(400)]
      await upload(provider, old.task)
      assertEqual(await batch(provider, [old.task, fresh.task, old.task]), ['stored', 'stored', 'stored'], 'outcomes')
      await assertStored(provider, fresh.task.hash, fresh.bytes, 'the new one')
    },
  },
  {
    name: 'rejects an aborted batch with the reason itself',
    run: async ({ provider }) => {
      if (provider.batch === undefined) return
      const reason = new Error('enough')
      const { task } = await randomTask(10)
      const sending = provider.batch.upload([task], { signal: AbortSignal.abort(reason) })
      assert((await rejection(sending, 'aborted batch')) === reason, 'it rejects with something else')
    },
  },
  {
    name: 'abandons a checkpoint that means nothing to the store',
    run: async ({ provider }) => provider.abandon({ unknown: true }, { signal: patient }),
  },
  {
    name: 'forgets a deleted blob, where it can delete',
    run: async ({ provider }) => {
      if (provider.delete === undefined) return
      const { task } = await randomTask(100)
      await upload(provider, task)
      await provider.delete(task.hash, { signal: patient })
      await provider.delete(task.hash, { signal: patient })
      assert((await statOf(provider, task.hash)) !== 'stored', 'it is still stored')
    },
  },
  {
    name: 'names itself and its store',
    run: async ({ provider }) => {
      assert(provider.name !== '' && provider.remoteId !== '', 'a name is empty')
      assertEqual(provider.remoteId, provider.remoteId, 'it changes')
      assert(!/[?#@]/.test(provider.remoteId), 'the name of the store may hold a secret')
    },
  },
  {
    name: 'closes twice and then does nothing more',
    run: async ({ provider }) => {
      await provider.close()
      await provider.close()
      const bytes = randomBytes(10)
      await assertRejects(upload(provider, taskOf(await sha256Of(bytes), bytes)), 'CLOSED', 'upload')
      await assertRejects(provider.stat([await sha256Of(bytes)], { signal: patient }), 'CLOSED', 'stat')
    },
  },
  {
    name: 'ends what is under way when it closes',
    run: async ({ provider }) => {
      const { task } = await randomTask(5_000_000)
      await Promise.all([assertRejects(upload(provider, task), 'CLOSED', 'upload'), provider.close()])
    },
  },
]
