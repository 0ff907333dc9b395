import type { UploadProgress } from '../provider/blob-provider.ts'
import { assertStored, ioOf, randomTask, statOf, taskOf, upload, wrongTask, type BlobProviderCase } from './blob-provider-case.ts'
import { randomBytes } from './bytes.ts'
import { assert, assertEqual, assertRejects, rejection } from './suite.ts'

/** Getting one blob to the store. */
export const blobUploadCases: readonly BlobProviderCase[] = [
  {
    name: 'opens what was uploaded, byte for byte',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(20_000)
      const receipt = await upload(provider, task)
      assert(['sha256', 'size', 'none'].includes(receipt.verified), 'the receipt says nothing known')
      await assertStored(provider, task.hash, bytes, '20,000 bytes')
    },
  },
  {
    name: 'carries an empty blob',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(0)
      await upload(provider, task)
      await assertStored(provider, task.hash, bytes, 'no bytes')
    },
  },
  {
    name: 'carries 5 MB',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(5_000_000)
      await upload(provider, task)
      await assertStored(provider, task.hash, bytes, '5 MB')
    },
  },
  {
    name: 'refuses bytes that their hash does not name',
    run: async ({ provider }) => {
      await assertRejects(upload(provider, await wrongTask(3_000)), 'HASH_MISMATCH', 'small')
      await assertRejects(upload(provider, await wrongTask(1_000_000)), 'HASH_MISMATCH', 'large')
    },
  },
  {
    name: 'keeps nothing of refused bytes',
    run: async ({ provider }) => {
      const wrong = await wrongTask(3_000)
      await rejection(upload(provider, wrong), 'wrong bytes')
      assertEqual(await statOf(provider, wrong.hash), 'absent', 'stat')
    },
  },
  {
    name: 'takes the right bytes after it refused wrong ones',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(3_000)
      await rejection(upload(provider, taskOf(task.hash, randomBytes(3_000))), 'wrong bytes')
      await upload(provider, task)
      await assertStored(provider, task.hash, bytes, 'the right ones')
    },
  },
  {
    name: 'never lets wrong bytes replace right ones',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(3_000)
      await upload(provider, task)
      // Refusing and saying "already there" are both fine.
      await upload(provider, taskOf(task.hash, randomBytes(3_000))).catch(() => undefined)
      await assertStored(provider, task.hash, bytes, 'the right ones')
    },
  },
  {
    name: 'takes a blob twice',
    run: async ({ provider }) => {
      for (const sizeBytes of [3_000, 1_000_000]) {
        const { bytes, task } = await randomTask(sizeBytes)
        await upload(provider, task)
        await upload(provider, task)
        await assertStored(provider, task.hash, bytes, `${sizeBytes} bytes sent twice`)
      }
    },
  },
  {
    name: 'takes one blob from many at once',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(200_000)
      await Promise.all(Array.from({ length: 8 }, () => upload(provider, task)))
      await assertStored(provider, task.hash, bytes, 'sent eight times')
    },
  },
  {
    name: 'takes many blobs at once',
    run: async ({ provider }) => {
      const made = await Promise.all(Array.from({ length: 12 }, (_, index) => randomTask(10_000 + index)))
      await Promise.all(made.map(({ task }) => upload(provider, task)))
      for (const { bytes, task } of made) await assertStored(provider, task.hash, bytes, 'one of twelve')
    },
  },
  {
    name: 'reports progress up to the size and never beyond',
    run: async ({ provider }) => {
      const { task } = await randomTask(2_000_000)
      const seen: UploadProgress[] = []
      await provider.upload(task, ioOf({ onProgress: (progress) => seen.push(progress) }))
      assert(seen.every(({ confirmedBytes, sentBytes }) => sentBytes <= task.sizeBytes && confirmedBytes <= sentBytes), 'more than there is')
      assertEqual(seen.at(-1), { sentBytes: task.sizeBytes, confirmedBytes: task.sizeBytes }, 'the last report')
    },
  },
  {
    name: 'reports progress that never goes back on a sound line',
    run: async ({ provider }) => {
      const { task } = await randomTask(2_000_000)
      const seen: UploadProgress[] = []
      await provider.upload(task, ioOf({ onProgress: (progress) => seen.push(progress) }))
      for (const [at, next] of seen.slice(1).entries()) {
        const before = seen[at] ?? next
        assert(next.sentBytes >= before.sentBytes && next.confirmedBytes >= before.confirmedBytes, 'it went back')
      }
    },
  },
  {
    name: 'carries a blob of any type and name',
    run: async ({ provider }) => {
      for (const type of ['', 'text/html; charset=utf-8', 'application/json', 'multipart/form-data; boundary=x', 'image/☀', 'no type\r\nx-evil: 1']) {
        const { bytes, task } = await randomTask(300)
        const blob = new File([bytes], '../☀ "name"\r\n%2F', { type: 'text/html' })
        await upload(provider, { ...task, type, blob })
        await assertStored(provider, task.hash, bytes, `as ${JSON.stringify(type)}`)
      }
    },
  },
  {
    name: 'starts nothing for a signal that fired before',
    run: async ({ provider }) => {
      const { task } = await randomTask(1_000)
      const reason = new Error('before')
      const error = await rejection(provider.upload(task, ioOf({ signal: AbortSignal.abort(reason) })), 'aborted upload')
      assert(error === reason, 'it rejects with something else')
      assertEqual(await statOf(provider, task.hash), 'absent', 'stat')
    },
  },
  {
    name: 'rejects an aborted upload with the reason itself',
    run: async ({ provider }) => {
      const { bytes, task } = await randomTask(5_000_000)
      const [reason, controller] = [new Error('enough'), new AbortController()]
      const uploading = provider.upload(task, ioOf({ signal: controller.signal, onProgress: () => controller.abort(reason) }))
      assert((await rejection(uploading, 'aborted upload')) === reason, 'it rejects with something else')
      await upload(provider, task)
      await assertStored(provider, task.hash, bytes, 'uploaded after all')
    },
  },
]
