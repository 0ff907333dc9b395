import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { s3Blobs } from '@bse/blob-s3'
import { createSyncEngine, type SyncEngine } from '@bse/core'
import { memoryCache, memoryState } from '@bse/core/memory'
import type { BlobProvider } from '@bse/core/provider'
import { FakeRemote, fakeData, randomBytes } from '@bse/core/testing'
import { wiredStore } from '../../../../packages/blob-s3/test/support/wired-store.ts'

const store = wiredStore()
const schema = { films: { id: 'uuid', title: 'string', film: { type: 'blob', mimeTypes: ['video/*'] } } } as const
const PARTS = 6
const PART_BYTES = 500_000
const PATIENCE = { timeout: 45_000 }

let remote: FakeRemote
let engine: SyncEngine<typeof schema>
let engines = 0
beforeEach(() => {
  remote = new FakeRemote()
  engine = createSyncEngine({
    name: `s3-${(engines += 1)}`, schema, state: memoryState(), cache: { backend: memoryCache() }, blobs: noted(remote), data: fakeData(remote),
  })
})
afterEach(() => engine.close())

/** The rows' server wants to know of every blob. */
function noted(rows: FakeRemote): BlobProvider {
  const { presignEndpoint, storeUrl } = store.backend
  const blobs = s3Blobs({ presignEndpoint, storeUrl, multipartFromBytes: 1, partBytes: PART_BYTES, parallelParts: 1 })
  return {
    ...blobs,
    upload: async (task, io) => {
      const receipt = await blobs.upload(task, io)
      rows.blobs.set(task.hash, task.blob)
      return receipt
    },
  }
}

function film(): Blob {
  return new Blob([randomBytes(PARTS * PART_BYTES)], { type: 'video/mp4' })
}

interface Held {
  /** The part stands in the middle of its bytes. */
  readonly stands: Promise<void>
  release(): void
}

function hold(partNumber: number): Held {
  const { promise, resolve } = Promise.withResolvers<void>()
  const isPart = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
    method === 'PUT' && new URL(path, 'http://x').searchParams.get('partNumber') === String(partNumber)
  store.wire.forget()
  const fault = store.wire.inject({ part: 'body', after: PART_BYTES / 2, request: isPart }, { do: 'hold', until: () => promise })
  return { stands: fault.hit, release: resolve }
}

describe('an upload in parts', () => {
  // R-031 R-145 R-177
  it('tells how far it is while it is under way', async () => {
    const seen: number[] = []
    engine.on('uploadProgress', ({ progress }) => seen.push(progress))
    const held = hold(4)
    const written = engine.films.insert({ title: 'a', film: film() })
    await held.stands
    await expect.poll(() => Math.max(...seen), PATIENCE).toBe(3 / PARTS)
    expect((await engine.offline.pending()).find(({ type }) => type === 'upload')).toMatchObject({ state: 'uploading', progress: 3 / PARTS })
    held.release()
    await written.synced
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(seen.at(-1)).toBe(1)
  }, 90_000)

  // F-50 R-104
  it.each([1, 3, PARTS])('that is cancelled by deleting its row during part %i leaves no open upload behind', async (partNumber) => {
    const held = hold(partNumber)
    const row = await engine.films.insert({ title: 'a', film: film() })
    await held.stands
    expect(await store.backend.openUploads()).toHaveLength(1)
    await engine.films.delete(row.id)
    held.release()
    await expect.poll(() => store.backend.openUploads(), PATIENCE).toEqual([])
    await expect.poll(() => engine.offline.pending(), PATIENCE).toEqual([])
  }, 90_000)
})

//
it('reads a part of what is in the bucket alone, and no more', async () => {
  const whole = film()
  const row = engine.films.insert({ title: 'a', film: whole })
  await row.synced
  const { film: ref } = await row
  expect((await engine.cache.evict(ref.hash)).evicted).toHaveLength(1)
  const before = store.wire.downBytes
  const { body, range, sizeBytes, verified } = await engine.blobs.open(ref, { range: { start: 1_000_000, end: 1_010_000 } })
  expect([range, sizeBytes, verified]).toEqual([{ start: 1_000_000, end: 1_010_000 }, whole.size, false])
  expect(await new Response(body as BodyInit).bytes()).toEqual(new Uint8Array(await whole.slice(1_000_000, 1_010_000).arrayBuffer()))
  expect(store.wire.downBytes - before).toBeLessThan(20_000)
}, 90_000)
