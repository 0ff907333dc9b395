import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBucket, type TestBucket } from '../../../../scripts/services/s3-bucket.ts'
import { bucketStorage, type BlobStorage } from '../../src/index.ts'
import { hashOf, randomBlob } from '../support/test-server.ts'

let made: TestBucket
let store: BlobStorage
beforeAll(async () => {
  made = await createBucket()
  store = bucketStorage(made.bucket)
}, 120_000)
afterAll(() => made.erase())

const space = 'family'
const PART_BYTES = 8_388_608

function streamOf(...chunks: readonly Uint8Array<ArrayBuffer>[]): ReadableStream<Uint8Array> {
  return new Blob([...chunks]).stream()
}

async function keysOf(): Promise<readonly string[]> {
  return (await made.bucket.list('', { after: '', limit: 1_000 })).objects.map(({ key }) => key)
}

describe('blobs in a bucket', () => {
  // R-175 X-016
  it.each([0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES])('keeps %i bytes, in parts where they are many', async (sizeBytes) => {
    const { bytes, hash } = await randomBlob(sizeBytes)
    expect(await store.put({ space, hash }, streamOf(bytes))).toEqual({ outcome: 'stored', sizeBytes })
    expect(await store.head({ space, hash })).toEqual({ is: 'stored', sizeBytes })
    const body = sizeBytes === 0 ? undefined : await store.read({ space, hash }, { start: 0, end: sizeBytes })
    expect(await hashOf(new Uint8Array(await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>> | undefined ?? null).arrayBuffer()))).toBe(hash)
    expect(await made.openUploads()).toEqual([])
  })

  it.each([1_000, PART_BYTES + 1_000])('leaves nothing of %i bytes that their hash does not name', async (sizeBytes) => {
    // F-63
    const [{ bytes }, { hash }] = [await randomBlob(sizeBytes), await randomBlob(10)]
    await expect(store.put({ space: 'wrong', hash }, streamOf(bytes))).rejects.toMatchObject({ code: 'HASH_MISMATCH' })
    expect((await keysOf()).filter((key) => key.startsWith('wrong/'))).toEqual([])
    expect(await made.openUploads()).toEqual([])
  })

  it('frees the parts of a body that breaks', async () => {
    // F-64
    const { bytes, hash } = await randomBlob(PART_BYTES + 5)
    let isFirst = true
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (!isFirst) throw new Error('cut')
        isFirst = false
        controller.enqueue(bytes)
      },
    })
    await expect(store.put({ space, hash }, broken)).rejects.toThrow('cut')
    expect(await store.head({ space, hash })).toEqual({ is: 'absent' })
    expect(await made.openUploads()).toEqual([])
  })

  it('pages through a space in the order of hashes and sees no other space', async () => {
    // F-71
    const blobs = await Promise.all(Array.from({ length: 5 }, () => randomBlob(20)))
    for (const { bytes, hash } of blobs) await store.put({ space: 'paged', hash }, streamOf(bytes))
    const sorted = blobs.map(({ hash }) => hash).toSorted()
    const first = await store.list('paged', { limit: 3, after: undefined })
    const second = await store.list('paged', { limit: 3, after: first.blobs[2]?.hash })
    expect([...first.blobs, ...second.blobs].map(({ hash }) => hash)).toEqual(sorted)
    expect([first.more, second.more]).toEqual([true, false])
    expect((await store.list('page', { limit: 10, after: undefined })).blobs).toEqual([])
  })

  it.each(['incoming', '..', 'a/b', '', 'x'.repeat(129)])('refuses the space %j', async (name) => {
    const { hash } = await randomBlob(1)
    await expect(store.head({ space: name, hash })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('ends what is under way when it closes', async () => {
    const closing = bucketStorage(made.bucket)
    const { hash } = await randomBlob(1)
    const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) })
    await Promise.all([expect(closing.put({ space, hash }, endless)).rejects.toMatchObject({ code: 'CLOSED' }), closing.close()])
    expect(await made.openUploads()).toEqual([])
  })
})
