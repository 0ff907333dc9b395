import { expect } from '@playwright/test'
import { FamilyPage } from './support/family-page.ts'
import { listBlobs } from './support/remote.ts'
import { test } from './support/test.ts'

const EACH = 3

// R-003 R-094 R-178 F-13 F-14
test('sends what two tabs took offline once, though one of them is gone', async ({ newDevice, photos, server, wire }) => {
  const files = await photos(2 * EACH)
  const expected = files.map(({ hash }) => hash).sort()
  const device = await newDevice()
  const leader = await FamilyPage.open(device, wire.url)
  await leader.page.getByTestId('new-album').click()
  await leader.synced(0)
  const follower = await FamilyPage.open(device, wire.url)
  await expect(follower.page.getByTestId('album')).toHaveCount(1)

  await wire.close()
  await Promise.all([leader.drop(files.slice(0, EACH)), follower.drop(files.slice(EACH))])
  await expect.poll(() => [leader.saved.length, follower.saved.length]).toEqual([EACH, EACH])
  for (const tab of [leader, follower]) await expect.poll(() => tab.hashes(), { message: 'each tab shows all' }).toEqual(expected)
  // The one that had the lead since it came first.
  await leader.page.close()

  await wire.open()
  await follower.synced(2 * EACH)
  expect(await listBlobs(server.url)).toEqual(expected)
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  expect(wire.uploadBytes, 'bytes that went up').toBe(bytes)

  const reader = await FamilyPage.open(await newDevice(), server.url)
  await expect.poll(() => reader.hashes(), { message: 'photos on the second device' }).toEqual(expected)
  expect((await reader.tiles()).map(({ id }) => id).sort()).toEqual([...leader.saved, ...follower.saved].map(({ id }) => id).sort())
})
