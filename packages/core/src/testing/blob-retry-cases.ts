import { assertStored, cutUpload, ioOf, patient, randomTask, statOf, upload, type BlobProviderCase } from './blob-provider-case.ts'
import { assert, assertEqual } from './suite.ts'

/** What a try leaves behind for the next one, and for other devices. */
export const blobRetryCases: readonly BlobProviderCase[] = [
  {
    name: 'shows a second provider what the first one uploaded',
    run: async ({ another, provider }) => {
      const { bytes, task } = await randomTask(20_000)
      const second = await another()
      assertEqual(await statOf(second, task.hash), 'absent', 'stat before')
      await upload(provider, task)
      assertEqual(await statOf(second, task.hash), 'stored', 'stat')
      await assertStored(second, task.hash, bytes, 'read by the second')
      await provider.close()
      await assertStored(second, task.hash, bytes, 'after the first has closed')
    },
  },
  {
    name: 'calls its store by one name, whoever opens it',
    run: async ({ another, provider }) => assertEqual((await another()).remoteId, provider.remoteId, 'the name of the store'),
  },
  {
    name: 'never shows half of an upload',
    run: async ({ another, provider }) => {
      const { bytes, task } = await randomTask(5_000_000)
      await cutUpload(provider, task)
      const second = await another()
      const stat = await statOf(second, task.hash)
      if (stat === 'stored') await assertStored(second, task.hash, bytes, 'called stored')
      else assertEqual(stat, 'absent', 'stat')
    },
  },
  {
    name: 'goes on from a checkpoint in a second provider',
    run: async ({ another, provider }) => {
      const { bytes, task } = await randomTask(5_000_000)
      const checkpoint = await cutUpload(provider, task)
      await provider.close()
      const second = await another()
      await second.upload(task, ioOf({ checkpoint }))
      await assertStored(second, task.hash, bytes, 'uploaded after all')
    },
  },
  {
    name: 'uploads anew when its checkpoint means nothing any more',
    run: async ({ provider }) => {
      for (const checkpoint of [{ unknown: true }, null, 'https://elsewhere.example/uploads/1']) {
        const { bytes, task } = await randomTask(30_000)
        await provider.upload(task, ioOf({ checkpoint }))
        await assertStored(provider, task.hash, bytes, `with the checkpoint ${JSON.stringify(checkpoint)}`)
      }
    },
  },
  {
    name: 'takes a blob again that was abandoned',
    run: async ({ another, provider }) => {
      const { bytes, task } = await randomTask(5_000_000)
      const checkpoint = await cutUpload(provider, task)
      const second = await another()
      if (checkpoint !== undefined) {
        await second.abandon(checkpoint, { signal: patient })
        await second.abandon(checkpoint, { signal: patient })
      }
      await second.upload(task, ioOf({ checkpoint }))
      await assertStored(second, task.hash, bytes, 'uploaded after all')
    },
  },
  {
    name: 'keeps what is stored when a later try is abandoned',
    run: async ({ another, provider }) => {
      const { bytes, task } = await randomTask(2_000_000)
      const checkpoint = await cutUpload(provider, task)
      const second = await another()
      await upload(second, task)
      await provider.abandon(checkpoint ?? {}, { signal: patient })
      assert((await statOf(second, task.hash)) === 'stored', 'it is gone')
      await assertStored(second, task.hash, bytes, 'abandoned after it was stored')
    },
  },
]
