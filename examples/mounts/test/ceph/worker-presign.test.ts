import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { s3Blobs } from '@bse/blob-s3'
import type { BlobProvider, UploadIo, UploadTask } from '@bse/core/provider'
import { collect, plainProviderContext, randomBytes, sameBytes, sha256Of } from '@bse/core/testing'
import { createBucket, type TestBucket } from '../../../../scripts/services/s3-bucket.ts'
import { startWorker, type RunningWorker } from '../../../../scripts/services/workerd.ts'

const signal = new AbortController().signal
const io: UploadIo = { checkpoint: undefined, saveCheckpoint: async () => undefined, onProgress: () => undefined, signal }

let made: TestBucket | undefined
let worker: RunningWorker | undefined
beforeAll(async () => {
  made = await createBucket()
  const bindings = { STORE_URL: made.options.storeUrl, ACCESS_KEY_ID: made.credentials.accessKeyId, SECRET_ACCESS_KEY: made.credentials.secretAccessKey, REGION: made.options.region }
  worker = await startWorker(join(import.meta.dirname, '../../src/worker.ts'), { r2Buckets: ['MEDIA'], bindings })
}, 120_000)
afterAll(async () => {
  await worker?.close()
  await made?.erase()
})

function provider(): BlobProvider {
  const storeUrl = made?.options.storeUrl ?? ''
  const headers = { authorization: 'Bearer open sesame' }
  const opened = s3Blobs({ presignEndpoint: `${worker?.url}/api/media/presign`, storeUrl, headers, multipartFromBytes: 1_000_000, partBytes: 400_000 })
  opened.connect(plainProviderContext())
  return opened
}

async function taskOf(sizeBytes: number): Promise<UploadTask & { readonly bytes: Uint8Array }> {
  const bytes = randomBytes(sizeBytes)
  return { bytes, hash: await sha256Of(bytes), sizeBytes, type: '', blob: new Blob([bytes]) }
}

// the handlers are the same code wherever they run.
it.each([1_000, 3_000_000])('signs and verifies %i bytes inside of a Worker', async (sizeBytes) => {
  const [task, opened] = [await taskOf(sizeBytes), provider()]
  expect(await opened.upload(task, io)).toEqual({ verified: 'sha256' })
  const { body } = await opened.open({ hash: task.hash, sizeBytes: undefined, type: '' }, { signal })
  expect(sameBytes(await collect(body), task.bytes)).toBe(true)
})

it('refuses bytes that their hash does not name, inside of a Worker', async () => {
  const task = await taskOf(1_000_000)
  const wrong = { ...task, blob: new Blob([randomBytes(1_000_000)]) }
  await expect(provider().upload(wrong, io)).rejects.toMatchObject({ code: 'HASH_MISMATCH' })
})
