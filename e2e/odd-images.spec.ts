import { expect } from '@playwright/test'
import { Buffer } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import sharp from 'sharp'
import { locatedPhoto, oddImages } from './fixtures/odd-images.ts'
import { FamilyPage } from './support/family-page.ts'
import { hashOf } from './support/photo-files.ts'
import { hashesOfServedBytes, listBlobs } from './support/remote.ts'
import { test } from './support/test.ts'

// F-92 F-93
test('keeps pictures byte for byte, whatever is in them and whether they can be shown', async ({ newDevice, server }) => {
  const files = [...(await oddImages()), await locatedPhoto()]
  const hashes = files.map(({ buffer }) => hashOf(buffer)).sort()
  expect(new Set(hashes).size).toBe(files.length)
  const writer = await FamilyPage.open(await newDevice(), server.url)
  await writer.page.getByTestId('drop-input').setInputFiles([...files])
  await writer.synced(files.length)
  expect([...(await listBlobs(server.url))].sort(), 'blobs on the server').toEqual(hashes)
  expect(await hashesOfServedBytes(server.url, hashes), 'bytes that the server gives').toEqual(hashes)

  const device = await newDevice()
  await device.context.addInitScript(keepLent)
  const reader = await FamilyPage.open(device, server.url)
  await expect.poll(() => reader.hashes(), { message: 'photos on the second device' }).toEqual(hashes)
  // Bytes are fetched for what is near the window.
  for (const photo of await reader.photos.all()) await photo.scrollIntoViewIfNeeded()
  await expect.poll(() => hashesLent(reader), { message: 'bytes behind the pictures of the second device' }).toEqual(hashes)
  expect(await reader.page.title()).not.toBe('ran')
})

// F-92
test('has no place in a photo that went through the function of the guide', async ({ newDevice, server }) => {
  const located = await locatedPhoto()
  expect(await placeIn(located.buffer)).toBe(true)
  const { page } = await FamilyPage.open(await newDevice(), server.url)
  await page.addScriptTag({ type: 'module', content: `${await guideFunction()}; globalThis.withoutLocation = withoutLocation` })
  const cleaned = await page.evaluate(async (bytes) => {
    const { withoutLocation } = globalThis as unknown as { readonly withoutLocation: (photo: Blob) => Promise<Blob> }
    const blob = await withoutLocation(new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }))
    return [...new Uint8Array(await blob.arrayBuffer())]
  }, [...located.buffer])
  expect(await placeIn(Buffer.from(cleaned))).toBe(false)
  expect(await sharp(Buffer.from(cleaned)).metadata()).toMatchObject({ format: 'jpeg', width: 320, height: 200 })
})

/** Runs in the page, before anything else: keeps what object URLs are made of. */
function keepLent(): void {
  const lent: Blob[] = []
  Object.assign(globalThis, { lent })
  const create = URL.createObjectURL.bind(URL)
  URL.createObjectURL = (source) => {
    if (source instanceof Blob) lent.push(source)
    return create(source)
  }
}

/** Of the bytes behind every URL that the page has lent so far, to pictures that can be shown or not. */
async function hashesLent({ page }: FamilyPage): Promise<readonly string[]> {
  const hashes = await page.evaluate(async () => {
    const { lent } = globalThis as unknown as { readonly lent: readonly Blob[] }
    const digests = await Promise.all(lent.map(async (blob) => crypto.subtle.digest('SHA-256', await blob.arrayBuffer())))
    return digests.map((digest) => `sha256:${new Uint8Array(digest).toHex()}`)
  })
  return [...new Set(hashes)].sort()
}

async function placeIn(bytes: Buffer): Promise<boolean> {
  const { exif } = await sharp(bytes).metadata()
  // The tag that points to the block with latitude and longitude, in either byte order.
  return exif !== undefined && (exif.includes(Buffer.from([0x25, 0x88])) || exif.includes(Buffer.from([0x88, 0x25])))
}

/** As a script of the page: without its types, and without its export. */
async function guideFunction(): Promise<string> {
  const guide = await readFile(join(import.meta.dirname, '..', 'docs', 'guides', 'media.md'), 'utf8')
  const [, code] = /^```ts\n\/\/ without-location\.ts\n([\s\S]*?)^```$/m.exec(guide) ?? []
  if (code === undefined) throw new Error('The guide has no such function.')
  return stripTypeScriptTypes(code).replace('export async', 'async')
}
