import { expect, type Page } from '@playwright/test'
import { randomBytes } from 'node:crypto'
import { FamilyPage } from './support/family-page.ts'
import { look } from './support/look.ts'
import { hashesOfServedBytes, listBlobs } from './support/remote.ts'
import { storedFiles, storedRecords } from './support/stored.ts'
import { test } from './support/test.ts'

const PHOTOS = 3
/** Enough for the queue to go on, too little for any photo. */
const ROOM_BYTES = 1_000_000
const TOO_MANY_BYTES = 5_000_000

// R-003 R-095 R-117 F-23
test('says that the device is full, leaves nothing half written, and sends what it has', async ({ newDevice, photos, server, wire }, info) => {
  const files = await photos(PHOTOS)
  const expected = files.map(({ hash }) => hash).sort()
  const device = await newDevice()
  const family = await FamilyPage.open(device, wire.url)
  const { page } = family
  await family.installed()
  await family.page.getByTestId('new-album').click()
  await family.synced(0)
  await wire.close()
  await family.drop(files)
  await expect.poll(() => family.saved.length).toBe(PHOTOS)
  await family.rendered()
  const shown = await family.hashesOfShownBytes()
  const storedBefore = await stored(page)
  expect(storedBefore.files, 'the bytes are in the cache, with no network at all').toEqual(files.map(({ hash, sizeBytes }) => `${hash.replace(':', '-')}: ${sizeBytes}`).sort())

  const cdp = await device.context.newCDPSession(page)
  const { usage = 0 } = await page.evaluate(() => navigator.storage.estimate())
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: wire.url, quotaSize: usage + ROOM_BYTES })
  const tooMany = ['one', 'two', 'three'].map((name) => ({ name: `${name}.jpg`, mimeType: 'image/jpeg', buffer: randomBytes(TOO_MANY_BYTES) }))
  await page.getByTestId('drop-input').setInputFiles(tooMany)
  const messages = page.getByTestId('message')
  await expect(messages).toHaveCount(tooMany.length)
  for (const { name } of tooMany) await expect(messages.filter({ hasText: name })).toHaveAttribute('data-code', 'STORAGE_FULL')
  await expect(messages.first()).toContainText('no room left')
  await expect(family.photos).toHaveCount(PHOTOS)
  expect(family.saved).toHaveLength(PHOTOS)
  await look(page, info, 'no-room')
  expect(await stored(page), 'files and records on the device').toEqual(storedBefore)

  await page.reload()
  await expect(family.photos).toHaveCount(PHOTOS)
  await family.rendered()
  expect(await family.hashesOfShownBytes(), 'bytes behind the earlier pictures').toEqual(shown)
  await wire.open()
  await family.synced(PHOTOS)
  expect(await listBlobs(server.url)).toEqual(expected)
  expect(await hashesOfServedBytes(server.url, expected)).toEqual(expected)

  // Room again: the person may try once more.
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: wire.url })
  await page.getByTestId('drop-input').setInputFiles(tooMany.slice(0, 1))
  await family.synced(PHOTOS + 1)
})

/** Every file with its size, and what there are records of; not when a photo was last looked at, which is noted now and then. */
async function stored(page: Page): Promise<{ readonly files: readonly string[]; readonly records: readonly string[] }> {
  const records = await storedRecords(page, '')
  return { files: await storedFiles(page), records: records.map(({ key }) => key).filter((key) => !key.startsWith('use/')) }
}
