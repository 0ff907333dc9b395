import { expect } from '@playwright/test'
import { FamilyPage } from './support/family-page.ts'
import { hashesOfServedBytes, listBlobs } from './support/remote.ts'
import { test } from './support/test.ts'
import type { SeenUpload } from './support/upload-watch.ts'

const PHOTOS = 8
/** How much of an upload's body is through when the server dies, each time of another or the same photo. */
const KILL_AT_BYTES = [100_000, 1_000_000, 2_500_000, 500_000]

// R-003 F-37
test('sends everything once although the server dies again and again', async ({ newDevice, photos, server, wire }) => {
  const files = await photos(PHOTOS)
  const expected = files.map(({ hash }) => hash).sort()
  const family = await FamilyPage.open(await newDevice(), wire.url)

  const hit: SeenUpload[] = []
  let seen = wire.sawUpload(KILL_AT_BYTES[0] ?? 0)
  await family.drop(files)
  for (const [index, bytes] of KILL_AT_BYTES.entries()) {
    const upload = await seen
    // SIGKILL goes out before the wire passes on another byte of it.
    const dead = server.kill()
    hit.push(upload)
    expect(upload.sentBytes, 'upload bytes on the wire').toBeGreaterThanOrEqual(bytes)
    expect(upload.sentBytes, 'and some still to come').toBeLessThan(upload.sizeBytes)
    await dead
    seen = wire.sawUpload(KILL_AT_BYTES[index + 1] ?? Infinity)
    await server.start()
  }
  expect(hit).toHaveLength(KILL_AT_BYTES.length)

  await family.synced(PHOTOS)
  expect(await listBlobs(server.url), 'blobs on the server').toEqual(expected)
  expect(await hashesOfServedBytes(server.url, expected)).toEqual(expected)

  // A second device has nothing but what the server gives it: a row or a blob too many would show.
  const reader = await FamilyPage.open(await newDevice(), server.url)
  await expect.poll(() => reader.hashes(), { message: 'photos on the second device' }).toEqual(expected)
  const ids = (await family.tiles()).map(({ id }) => id).sort()
  expect((await reader.tiles()).map(({ id }) => id).sort()).toEqual(ids)
})
