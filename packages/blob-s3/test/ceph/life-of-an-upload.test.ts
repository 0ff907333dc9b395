import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BlobProvider, UploadProgress } from '@bse/core/provider'
import { collect, plainProviderContext, sha256Of } from '@bse/core/testing'
import type { Json } from '@bse/core/wire'
import { startS3Backend, type S3Backend } from '../../../../scripts/services/s3-backend.ts'
import { s3Blobs } from '../../src/index.ts'
import { wiredStore } from '../support/wired-store.ts'
import { io, randomTask, signal } from '../support/stubs.ts'

const store = wiredStore()
const MIB = 1_048_576
const parts = { multipartFromBytes: 1, partBytes: MIB, parallelParts: 4 }

async function readBack(opened: BlobProvider, hash: `sha256:${string}`): Promise<string> {
  return sha256Of(new Uint8Array(await collect((await opened.open({ hash, sizeBytes: undefined, type: '' }, { signal })).body)))
}

describe('an upload that is cancelled', () => {
  // F-50
  it('leaves no open upload once it is abandoned, wherever it was', async () => {
    let cancelled = 0
    for (let at = 0; at < 8; at += 1) {
      // One word for each part at least, more of them where the platform tells of bytes on their way.
      const [task, controller] = [await randomTask(8 * MIB), new AbortController()]
      const opened = store.provider(parts)
      let [checkpoint, reports]: [Json | undefined, number] = [undefined, 0]
      const uploading = opened.upload(task, {
        checkpoint: undefined, signal: controller.signal,
        saveCheckpoint: async (next) => void (checkpoint = JSON.parse(JSON.stringify(next)) as Json),
        onProgress: () => {
          reports += 1
          if (reports > at) controller.abort(new Error('enough'))
        },
      })
      await uploading.then(() => undefined, () => (cancelled += 1))
      // As after a restart: another provider, and nothing but the checkpoint.
      if (checkpoint !== undefined) await store.provider(parts).abandon(checkpoint, { signal })
    }
    expect(cancelled).toBeGreaterThan(3)
    expect(await store.backend.openUploads()).toEqual([])
  }, 60_000)

  it('leaves no open upload when it is cancelled while it is begun', async () => {
    // F-50
    const [task, controller] = [await randomTask(2 * MIB), new AbortController()]
    const reason = new Error('enough')
    const uploading = store.provider(parts).upload(task, { ...io, signal: controller.signal })
    controller.abort(reason)
    await expect(uploading).rejects.toBe(reason)
    await expect.poll(() => store.backend.openUploads(), { timeout: 10_000 }).toEqual([])
  })
})

describe('an upload that goes on', () => {
  // F-05 R-005 R-175
  it('sends only what the store does not have, and shows that', async () => {
    const task = await randomTask(8 * MIB)
    let [checkpoint, finished]: [Json | undefined, number] = [undefined, 0]
    const controller = new AbortController()
    const first = store.provider({ ...parts, parallelParts: 1 }).upload(task, {
      checkpoint: undefined, signal: controller.signal,
      saveCheckpoint: async (next) => void (checkpoint = JSON.parse(JSON.stringify(next)) as Json),
      onProgress: ({ confirmedBytes }) => {
        finished = confirmedBytes
        if (confirmedBytes >= 5 * MIB) controller.abort(new Error('enough'))
      },
    })
    await first.catch(() => undefined)
    store.wire.forget()
    const seen: UploadProgress[] = []
    const second = store.provider(parts)
    await second.upload(task, { ...io, checkpoint, onProgress: (progress) => seen.push(progress) })
    expect(finished).toBe(5 * MIB)
    expect(store.wire.bodyBytes(({ method }) => method === 'PUT')).toBe(3 * MIB)
    expect([seen[0], seen.at(-1)]).toEqual([{ sentBytes: 5 * MIB, confirmedBytes: 5 * MIB }, { sentBytes: 8 * MIB, confirmedBytes: 8 * MIB }])
    expect(await readBack(second, task.hash)).toBe(task.hash)
  }, 60_000)

  it('sends again what the checkpoint believes in and the store has lost', async () => {
    // F-49
    const task = await randomTask(3 * MIB)
    let checkpoint: Json | undefined
    const controller = new AbortController()
    const saveCheckpoint = async (next: Json): Promise<void> => {
      checkpoint = next
      controller.abort(new Error('enough'))
    }
    await store.provider(parts).upload(task, { ...io, signal: controller.signal, saveCheckpoint }).catch(() => undefined)
    const believing = { ...(checkpoint as { readonly [field: string]: Json }), parts: [[1, '"lost"'], [2, '"lost"']] }
    const opened = store.provider(parts)
    await opened.upload(task, { ...io, checkpoint: believing })
    expect(await readBack(opened, task.hash)).toBe(task.hash)
  }, 60_000)

  it('puts bytes that were changed on the way neither under their hash nor anywhere', async () => {
    // F-51
    const task = await randomTask(2 * MIB)
    store.wire.forget()
    const flip = store.wire.inject({ part: 'body', after: 700_000, request: ({ method }) => method === 'PUT' }, { do: 'corrupt' })
    const opened = store.provider(parts)
    await expect(opened.upload(task, io)).rejects.toMatchObject({ code: 'HASH_MISMATCH' })
    expect(flip.happened).toBe(true)
    expect(await opened.stat([task.hash], { signal })).toEqual([{ is: 'absent' }])
    expect((await store.backend.bucket.list('incoming/', { after: '', limit: 10 })).objects).toEqual([])
    await opened.upload(task, io)
    expect(await readBack(opened, task.hash)).toBe(task.hash)
  }, 60_000)
})

describe('signatures that live for a second', () => {
  let backend: S3Backend
  beforeAll(async () => {
    backend = await startS3Backend({ ttlMs: 1_000 })
  }, 120_000)
  afterAll(() => backend.close())

  // F-47
  it.each([[1, 'parts'], [MIB * 1_000, 'one piece']])('are enough for an upload from %i bytes on in %s', async (multipartFromBytes) => {
    const { presignEndpoint, storeUrl } = backend
    const opened = s3Blobs({ presignEndpoint, storeUrl, multipartFromBytes, partBytes: MIB })
    opened.connect(plainProviderContext())
    const task = await randomTask(24 * MIB)
    expect(await opened.upload(task, io)).toEqual({ verified: 'sha256' })
    expect(await readBack(opened, task.hash)).toBe(task.hash)
    await opened.close()
  }, 60_000)
})
