import { expect } from '@playwright/test'
import { Buffer } from 'node:buffer'
import { FamilyPage } from './support/family-page.ts'
import { listBlobs } from './support/remote.ts'
import { storedFiles } from './support/stored.ts'
import { test } from './support/test.ts'

const JPEG_START = Buffer.from([0xff, 0xd8, 0xff, 0xe0])
/** The demo takes photos of up to 25 MB. */
const TOO_MANY_BYTES = 25_000_001

const WRONG_FILES = [
  { name: 'holiday.jpg', mimeType: 'text/html', buffer: Buffer.from('<!doctype html><script>document.title = "owned"</script>') },
  { name: 'invoice.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7\n%%EOF\n') },
  { name: 'panorama.jpg', mimeType: 'image/jpeg', buffer: Buffer.concat([JPEG_START], TOO_MANY_BYTES) },
]

// R-074 R-077
test('refuses files of a wrong type or size before anything is stored', async ({ newDevice, photos, server, wire }) => {
  const [good] = await photos(1)
  const family = await FamilyPage.open(await newDevice(), wire.url)
  await family.page.getByTestId('new-album').click()
  await expect(family.page.getByTestId('album')).toHaveCount(1)
  await family.synced(0)
  const storedBefore = await storedFiles(family.page)

  await family.page.getByTestId('drop-input').setInputFiles(WRONG_FILES)
  const messages = family.page.getByTestId('message')
  await expect(messages).toHaveCount(WRONG_FILES.length)
  for (const { name } of WRONG_FILES) await expect(messages.filter({ hasText: name })).toHaveCount(1)
  await expect(messages.filter({ hasText: 'holiday.jpg' })).toContainText('text/html is not an image')
  await expect(messages.filter({ hasText: 'invoice.pdf' })).toContainText('application/pdf is not an image')
  await expect(messages.filter({ hasText: 'panorama.jpg' })).toContainText('it has 26 MB')
  await expect(family.photos).toHaveCount(0)
  await expect(family.pendingCount).toHaveAttribute('data-count', '0')
  expect(family.saved).toEqual([])
  expect(await storedFiles(family.page), 'files on the device').toEqual(storedBefore)

  // None of it stands in the way of what is right, and none of it went out.
  await family.drop(good === undefined ? [] : [good])
  await family.synced(1)
  expect(await family.hashes()).toEqual([good?.hash])
  expect(await listBlobs(server.url)).toEqual([good?.hash])
  expect(await storedFiles(family.page)).toEqual([...storedBefore, `${good?.hash.replace(':', '-')}: ${good?.sizeBytes}`])
})
