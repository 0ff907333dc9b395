import { expect } from '@playwright/test'
import { FamilyPage } from './support/family-page.ts'
import { hashesOfServedBytes, listBlobs } from './support/remote.ts'
import { test } from './support/test.ts'

const PHOTOS = 20
/** Inserts that must have resolved, and that must not have, when the browser dies. */
const AT_LEAST = 5

/** More than the app itself has, and less than any photo. */
const APP_BYTES = 2_500_000

// R-003 R-094 R-100 R-115 R-117 R-178 R-210 F-1 F-2
test('keeps every photo whose insert resolved offline when the browser is killed', async ({ newDevice, photos, server, wire }) => {
  const files = await photos(PHOTOS)
  const hashOfFile = new Map(files.map(({ hash, name }) => [name, hash]))
  const device = await newDevice()

  // Once online, so that the page can open without a server; from here on there is none.
  const first = await FamilyPage.open(device, wire.url)
  await first.installed()
  await first.page.close()
  await wire.close()
  await server.kill()

  const killed = Promise.withResolvers<void>()
  const importing = await FamilyPage.open(device, wire.url, {
    onSaved: () => {
      if (importing.saved.length === AT_LEAST) device.kill().then(killed.resolve, killed.reject)
    },
  })
  await importing.drop(files)
  await killed.promise
  const { saved } = importing
  expect(saved.length, 'inserts that had resolved').toBeGreaterThanOrEqual(AT_LEAST)
  expect(PHOTOS - saved.length, 'inserts that had not').toBeGreaterThanOrEqual(AT_LEAST)
  expect(saved.map(({ hash }) => hash), 'the page names the bytes as we do').toEqual(saved.map(({ name }) => hashOfFile.get(name)))

  // The same device, still without any server.
  await device.start()
  const reopened = await FamilyPage.open(device, wire.url)
  await expect.poll(() => reopened.tiles().then((tiles) => tiles.map(({ id }) => id))).toEqual(expect.arrayContaining(saved.map(({ id }) => id)))
  await reopened.rendered()
  const kept = new Map((await reopened.tiles()).map(({ hash, id }) => [id, hash]))
  for (const { hash, id } of saved) expect(kept.get(id), 'the row of a resolved insert').toBe(hash)
  // Inserts that were not reported may be there or not, but nothing is half there.
  expect(await reopened.hashesOfShownBytes(), 'bytes behind the pictures, offline').toEqual(kept)
  const expected = [...kept.values()].sort()
  expect([...hashOfFile.values()], 'nothing but what was dropped').toEqual(expect.arrayContaining(expected))

  await server.start()
  await wire.open()
  await reopened.synced(kept.size)
  expect(wire.downBytes, 'fetches nothing that is here').toBeLessThan(APP_BYTES)
  expect([...(await listBlobs(server.url))].sort(), 'blobs on the server').toEqual(expected)
  expect(await hashesOfServedBytes(server.url, expected), 'bytes that the server gives').toEqual(expected)

  const reader = await FamilyPage.open(await newDevice(), server.url)
  await expect.poll(() => reader.hashes(), { message: 'photos on the second device' }).toEqual(expected)
  await reader.rendered()
  expect(await reader.hashesOfShownBytes(), 'bytes behind the pictures of the second device').toEqual(kept)
})
