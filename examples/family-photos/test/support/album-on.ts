import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright'
import { build } from 'vite'
import { startServer } from '@bse/server/node'
import { chromiumFlags, findChromium } from '../../../../scripts/browsers.mjs'
import type { DemoStore } from '../../../../scripts/services/demo-store.ts'

const PATIENCE_MS = 45_000
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

export interface AlbumOn {
  /** Of the photo that the first device has sent. */
  readonly hash: `sha256:${string}`
  /** Of the picture as the second device draws it, in pixels. */
  readonly width: number
  /** Requests of the pages to the server of the rows that had to do with bytes. */
  readonly blobRequests: readonly string[]
}

/** Adds a photo on one device and looks at it on another, with bytes in this store and rows on a server of ours. */
export async function albumOn(store: DemoStore): Promise<AlbumOn> {
  const folder = await mkdtemp(join(tmpdir(), 'bse-album-'))
  const executablePath = findChromium()
  const browser = await chromium.launch({ args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
  const app = await builtApp(folder, store)
  const server = await startServer({ dataDirectory: join(folder, 'data'), staticDirectory: app, timeouts: { stopMs: 100 } })
  const blobRequests: string[] = []
  const openPage = async (): Promise<Page> => {
    const page = await (await browser.newContext()).newPage()
    page.on('request', (request) => {
      if (request.url().startsWith(`${server.url}/blobs`)) blobRequests.push(request.url())
    })
    await page.goto(server.url)
    return page
  }
  try {
    const writer = await openPage()
    await writer.getByTestId('drop-input').setInputFiles([{ name: 'pixel.png', mimeType: 'image/png', buffer: Buffer.concat([PIXEL, Buffer.alloc(200_000, 7)]) }])
    const sent = writer.locator('[data-testid=photo][data-state=synced]')
    await sent.waitFor({ timeout: PATIENCE_MS })
    const hash = (await sent.getAttribute('data-hash')) as `sha256:${string}`
    const reader = await openPage()
    const picture = reader.getByTestId('photo').locator('img[src^="blob:"]')
    await picture.waitFor({ timeout: PATIENCE_MS })
    const width = await picture.evaluate(async (image: HTMLImageElement) => {
      await image.decode()
      return image.naturalWidth
    })
    return { hash, width, blobRequests }
  } finally {
    await browser.close()
    await server.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** As `BLOBS=… pnpm start` builds it. */
async function builtApp(folder: string, { blobs }: DemoStore): Promise<string> {
  const outDir = join(folder, 'app')
  const root = join(import.meta.dirname, '../..')
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error', define: { 'import.meta.env.VITE_BLOBS': JSON.stringify(blobs) }, build: { outDir } })
  return outDir
}
