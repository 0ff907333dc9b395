import { expect } from '@playwright/test'
import { FamilyPage } from './support/family-page.ts'
import { glance, look, WIDTHS } from './support/look.ts'
import { placesOf } from './support/places.ts'
import { listBlobs } from './support/remote.ts'
import { test } from './support/test.ts'

const PHOTOS = 20
const OFFLINE_PHOTOS = 6

// R-003 R-210
test('looks right while empty, importing, offline and full', async ({ newDevice, photos, wire }, info) => {
  const files = await photos(PHOTOS)
  const family = await FamilyPage.open(await newDevice(), wire.url)
  const { page, pendingCount } = family
  await expect(page.getByTestId('storage-meter')).toContainText('of')
  await look(page, info, 'empty')

  await page.getByTestId('online-switch').click()
  await family.drop(files.slice(0, OFFLINE_PHOTOS))
  await expect.poll(() => family.saved.length).toBe(OFFLINE_PHOTOS)
  await expect(pendingCount).toHaveAttribute('data-state', 'waiting')
  await family.rendered()
  expect((await family.tiles()).map(({ state }) => state)).toEqual(Array.from({ length: OFFLINE_PHOTOS }, () => 'saved'))
  await look(page, info, 'offline')

  await family.drop(files.slice(OFFLINE_PHOTOS))
  await expect(pendingCount).toHaveAttribute('data-state', 'importing')
  for (const size of WIDTHS) await glance(page, info, 'importing', size)

  await page.getByTestId('online-switch').click()
  await family.synced(PHOTOS)
  await family.rendered()
  await page.evaluate(() => scrollTo(0, 0))
  await look(page, info, 'full')
})

//
test('leaves every photo in its place while the pictures load', async ({ newDevice, photos, server, wire }) => {
  const writer = await FamilyPage.open(await newDevice(), wire.url)
  await writer.drop(await photos(OFFLINE_PHOTOS))
  await writer.synced(OFFLINE_PHOTOS)
  for (const size of WIDTHS) {
    const device = await newDevice()
    const released = Promise.withResolvers<void>()
    await device.context.route('**/blobs/sha256*', async (route) => {
      await released.promise
      await route.continue()
    })
    const reader = await FamilyPage.open(device, server.url)
    await reader.page.setViewportSize(size)
    await expect(reader.photos).toHaveCount(OFFLINE_PHOTOS)
    const before = await placesOf(reader)
    expect(await reader.photos.locator('img[src^="blob:"]').count(), 'pictures before the bytes are here').toBe(0)
    released.resolve()
    await reader.rendered()
    expect(await placesOf(reader)).toEqual(before)
    await device.stop()
  }
})

test.describe('a server that takes small photos only', () => {
  test.use({ maxBytes: 4_200_000 })

  // F-45
  test('shows what the server refuses with its reason and goes on with the rest', async ({ newDevice, photos, server, wire }, info) => {
    const files = await photos(4)
    const tooLarge = files.filter(({ sizeBytes }) => sizeBytes > 4_200_000).map(({ hash }) => hash)
    expect([tooLarge.length > 0, tooLarge.length < files.length], 'some are taken and some are not').toEqual([true, true])
    const family = await FamilyPage.open(await newDevice(), wire.url)
    await family.drop(files)
    const expected = new Map(files.map(({ hash }) => [hash, tooLarge.includes(hash) ? 'parked' : 'synced']))
    await expect.poll(async () => new Map((await family.tiles()).map(({ hash, state }) => [hash, state]))).toEqual(expected)
    const parked = family.photos.and(family.page.locator('[data-state=parked]'))
    await expect(parked.getByText(/too large/i), 'says why').toHaveCount(tooLarge.length)
    expect(await listBlobs(server.url)).toHaveLength(files.length - tooLarge.length)
    await family.rendered()
    await family.page.evaluate(() => scrollTo(0, 0))
    await look(family.page, info, 'parked')

    // The person tries again once the server takes more: the bytes were never given up.
    await server.kill()
    await server.start()
    for (const hash of tooLarge) await family.page.locator(`[data-hash="${hash}"]`).getByTestId('retry').click()
    await family.synced(files.length)
    expect(await listBlobs(server.url)).toEqual(files.map(({ hash }) => hash).sort())
  })
})
