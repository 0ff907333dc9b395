import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { browserPid } from '../../../../e2e/support/browser-pid.ts'
import { chromiumFlags, findChromium } from '../../../../scripts/browsers.mjs'
import { startFlagship, type Flagship } from '../support/flagship.ts'

const PATIENTLY = { timeout: 60_000, interval: 200 }
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const photo = { name: 'beach.png', mimeType: 'image/png', buffer: Buffer.concat([PIXEL, Buffer.alloc(300_000, 7)]) }
const sound = { name: 'waves.mp3', mimeType: 'audio/mpeg', buffer: Buffer.alloc(120_000, 9) }
const hashOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

let flagship: Flagship
const open: BrowserContext[] = []
beforeAll(async () => {
  flagship = await startFlagship()
}, 180_000)
afterAll(async () => {
  await Promise.allSettled(open.map((context) => context.close()))
  await flagship.close()
})

const profile = (name: string): string => join(flagship.folder, name)

async function device(name: string): Promise<Page> {
  const executablePath = findChromium()
  const context = await chromium.launchPersistentContext(profile(name), { args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
  open.push(context)
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  await page.goto(flagship.url)
  return page
}

const tiles = (page: Page): Locator => page.getByTestId('photo')
const states = (page: Page): Promise<readonly (string | undefined)[]> => tiles(page).evaluateAll((found: HTMLElement[]) => found.map(({ dataset }) => dataset.state))

/** The sha256 of the bytes behind the address that an element shows. */
function shownHash(element: Locator): Promise<string> {
  return element.evaluate(async (shown: HTMLImageElement | HTMLAudioElement) => {
    const digest = await crypto.subtle.digest('SHA-256', await (await fetch(shown.src)).arrayBuffer())
    return `sha256:${new Uint8Array(digest).toHex()}`
  })
}

/** Files of blobs on the device. */
function copies(page: Page): Promise<number> {
  return page.evaluate(async () => {
    let count = 0
    const folders = [await navigator.storage.getDirectory()]
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for await (const entry of folder.values()) {
        if (entry instanceof FileSystemDirectoryHandle) folders.push(entry)
        else if (entry.name.startsWith('sha256-')) count += 1
      }
    }
    return count
  })
}

async function remove(page: Page): Promise<void> {
  const bin = tiles(page).first().getByTestId('delete')
  await bin.click()
  await bin.click()
}

// R-030 R-090 R-091 R-092 R-093 R-098 R-103 R-104 X-004 X-008
it('takes a photo with its voice from a killed browser to Postgres, S3 and a second browser, and cleans up behind the last row that names them', async () => {
  const first = await device('first')
  await first.getByTestId('new-album').click()
  await first.getByTestId('online-switch').click()
  await first.getByTestId('drop-input').setInputFiles([photo])
  await expect.poll(() => states(first), PATIENTLY).toEqual(['saved'])
  await tiles(first).getByRole('button', { name: /^Add a voice note/ }).click()
  await first.getByTestId('audio-input').setInputFiles([sound])
  await first.getByTestId('voice-note').waitFor()
  await expect.poll(() => copies(first), PATIENTLY).toBe(2)
  expect(await flagship.rows.query('select id::text from photos')).toEqual([])
  const [context] = open.splice(0)
  const gone = new Promise<void>((resolve) => context?.once('close', () => resolve()))
  process.kill(browserPid(profile('first')), 'SIGKILL')
  await gone

  const again = await device('first')
  // A killed browser may not have kept that it was switched off.
  const network = again.getByTestId('online-switch')
  if ((await network.getAttribute('aria-checked')) === 'false') await network.click()
  await expect.poll(() => states(again), PATIENTLY).toEqual(['synced'])
  const [row] = await flagship.rows.query("select image->>'hash' as image, audio->>'hash' as audio, jsonb_typeof(image) as type from photos")
  expect(row).toEqual({ image: hashOf(photo.buffer), audio: hashOf(sound.buffer), type: 'object' })
  expect(await Promise.all([flagship.has(hashOf(photo.buffer)), flagship.has(hashOf(sound.buffer))])).toEqual([true, true])

  const second = await device('second')
  await tiles(second).locator('img[src^="blob:"]').waitFor()
  expect(await shownHash(tiles(second).locator('img'))).toBe(hashOf(photo.buffer))
  await tiles(second).getByRole('button', { name: /^Voice note of/ }).click()
  await second.locator('audio[src^="blob:"]').waitFor()
  expect(await shownHash(second.locator('audio'))).toBe(hashOf(sound.buffer))
  await second.keyboard.press('Escape')

  // The same picture in a second row: the first row's deletion leaves it, and takes the voice.
  await again.getByTestId('drop-input').setInputFiles([photo])
  await expect.poll(() => states(again), PATIENTLY).toEqual(['synced', 'synced'])
  await flagship.rows.query('delete from photos where audio is not null')
  await expect.poll(() => tiles(again).count(), PATIENTLY).toBe(1)
  expect(await flagship.collect()).toMatchObject({ collected: 1 })
  expect(await Promise.all([flagship.has(hashOf(photo.buffer)), flagship.has(hashOf(sound.buffer))])).toEqual([true, false])

  await remove(again)
  await expect.poll(() => flagship.rows.query('select id::text from photos'), PATIENTLY).toEqual([])
  await expect.poll(() => tiles(second).count(), PATIENTLY).toBe(0)
  expect(await flagship.collect()).toMatchObject({ objects: 1, collected: 1 })
  expect(await flagship.has(hashOf(photo.buffer))).toBe(false)
}, 300_000)
