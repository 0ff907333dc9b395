import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { createBucket, type TestBucket } from '../../../../scripts/services/s3-bucket.ts'
import { bucketStorage, createBlobHandler, createPresignHandler, withTombstones } from '../../src/index.ts'
import { collectGarbage, tombstonesIn } from '../../src/mutations/index.ts'
import { onPostgres } from '../mutations/support/databases.ts'
import { PHOTOS, schema } from '../mutations/support/pushing.ts'
import { randomBlob } from '../support/test-server.ts'

let made: TestBucket
let postgres: RunningPostgres
beforeAll(async () => {
  made = await createBucket()
  postgres = await startPostgres()
}, 180_000)
afterAll(async () => {
  await made.erase()
  await postgres.stop()
})

const open = onPostgres(() => postgres.url)

// X-004 X-008
it('blobs in every space of a bucket go when no row names them, and uploads under way stay', async () => {
  const store = bucketStorage(made.bucket)
  const db = await open(PHOTOS)
  const [kept, one, other] = [await randomBlob(1_000), await randomBlob(1_000), await randomBlob(1_000)]
  for (const [space, { bytes, hash }] of [['a.b', kept], ['a.b', one], ['a0', other], ['zoe@x', other]] as const) {
    await store.put({ space, hash }, new Blob([bytes]).stream())
  }
  await made.bucket.put('incoming/a0/someone/x', new Uint8Array(5), one.hash)
  expect(await store.spaces()).toEqual(['a.b', 'a0', 'zoe@x'])
  await db.run(`insert into photos (id, title, image) values ('p1', 'a', '{"hash": "${kept.hash}"}')`)
  const options = { database: db.database, store, schema, casing: 'snake', graceMs: 0 } as const
  expect(await collectGarbage({ ...options, graceMs: 3_600_000 })).toMatchObject({ objects: 4, referenced: 1, waiting: 3 })
  expect(await collectGarbage(options)).toMatchObject({ objects: 4, sizeBytes: 4_000, referenced: 1, collected: 3, collectedBytes: 3_000 })
  const { objects } = await made.bucket.list('', { after: '', limit: 10 })
  expect(objects.map(({ key }) => key)).toEqual([`a.b/${kept.hash.slice(7)}`, 'incoming/a0/someone/x'])
  const handle = createBlobHandler({ store: withTombstones(store, tombstonesIn(db.database)), authorize: () => ({ space: 'a.b' }) })
  const statuses = [kept, one, other].map(async ({ hash }) => (await handle(new Request(`http://127.0.0.1/blobs/${hash}`))).status)
  expect(await Promise.all(statuses)).toEqual([200, 410, 404])
  const presign = createPresignHandler({ bucket: made.bucket, wasCollected: tombstonesIn(db.database), authorize: () => ({ space: 'a.b' }) })
  const body = JSON.stringify({ do: 'stat', hashes: [kept.hash, one.hash, other.hash] })
  const stat = await presign(new Request('http://127.0.0.1/presign', { method: 'POST', headers: { 'content-type': 'application/json' }, body }))
  expect(((await stat.json()) as { readonly results: readonly { readonly is: string }[] }).results.map(({ is }) => is)).toEqual(['stored', 'gone', 'absent'])
})
