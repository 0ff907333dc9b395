import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright'
import { build } from 'vite'
import { startServer, type ServerOptions } from '@bse/server/node'
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

/** How rows travel, when not over Yjs. */
export interface DemoRows {
  /** For VITE_ELECTRIC. */
  readonly electric: string
  readonly server: Pick<ServerOptions, 'shapes' | 'mutations'>
}

/** Adds a photo on one device and looks at it on another, with bytes in this store, else on the server of the rows, which is ours. */
export async function albumOn(store?: DemoStore, rows?: DemoRows): Promise<AlbumOn> {
  const folder = await mkdtemp(join(tmpdir(), 'bse-album-'))
  const executablePath = findChromium()
  const browser = await chromium.launch({ args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
  const app = await builtApp(folder, { VITE_BLOBS: store?.blobs ?? '', VITE_ELECTRIC: rows?.electric ?? '' })
  const server = await startServer({ dataDirectory: join(folder, 'data'), staticDirectory: app, ...rows?.server, timeouts: { stopMs: 100 } })
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

/** As `pnpm start` builds it. */
export async function builtApp(folder: string, variables: Readonly<Record<string, string>>): Promise<string> {
  const outDir = join(folder, 'app')
  const root = join(import.meta.dirname, '../..')
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error', define: Object.fromEntries(Object.entries(variables).map(([name, value]) => [`import.meta.env.${name}`, JSON.stringify(value)])), build: { outDir } })
  return outDir
}
