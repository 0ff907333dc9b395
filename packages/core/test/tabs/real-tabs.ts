import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type BrowserContext, type Page } from 'playwright'
import { createServer, type ViteDevServer } from 'vite'
import { expect, onTestFinished } from 'vitest'
import { chromiumFlags, findChromium } from '../../../../scripts/browsers.mjs'
import type { TabPage } from './fixtures/tab.ts'
import { RemoteServer } from './remote-server.ts'

declare const tab: TabPage

export interface Site {
  readonly server: RemoteServer
  /** Of the page that runs an engine. */
  readonly url: string
}

export interface RealBrowser {
  readonly server: RemoteServer
  readonly context: BrowserContext
  openTab(): Promise<Page>
}

/** Pages that run an engine, and the remote they all know. */
export async function openSite(): Promise<Site> {
  const server = new RemoteServer()
  const pages = await servePages(server)
  return { server, url: `${new URL(pages.resolvedUrls?.local[0] ?? '').origin}/test/tabs/fixtures/tab.html` }
}

/** A browser with a profile of its own. */
export async function realBrowser(): Promise<RealBrowser> {
  const { server, url } = await openSite()
  const profile = await mkdtemp(join(tmpdir(), 'bse-tabs-'))
  onTestFinished(() => rm(profile, { recursive: true, force: true, maxRetries: 10 }))
  const executablePath = findChromium()
  const context = await chromium.launchPersistentContext(profile, { args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
  onTestFinished(() => context.close())
  return {
    server, context,
    async openTab() {
      const page = await context.newPage()
      await page.goto(url)
      await page.waitForFunction(() => 'tab' in globalThis)
      await page.evaluate(() => tab.ready())
      return page
    },
  }
}

async function servePages(remote: RemoteServer): Promise<ViteDevServer> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'bse-vite-'))
  const pages = await createServer({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    cacheDir,
    configFile: false,
    resolve: { conditions: ['@bse/source', 'module', 'import', 'default'] },
    server: { port: 0, host: '127.0.0.1', hmr: false },
    optimizeDeps: { noDiscovery: true },
    logLevel: 'error',
    plugins: [{ name: 'remote', configureServer: ({ middlewares }) => void middlewares.use('/remote', remote.handle) }],
  })
  await pages.listen()
  onTestFinished(async () => {
    await pages.close()
    await rm(cacheDir, { recursive: true, force: true })
  })
  return pages
}

/** Every tab inserts its photos while there is no network; then it comes back. Each is to arrive once. */
export async function insertOfflineInTabs(tabs: number, each: number, withinMs: number): Promise<void> {
  const { server, context, openTab } = await realBrowser()
  const pages: Page[] = []
  for (let n = 0; n < tabs; n++) pages.push(await openTab())
  await context.setOffline(true)
  await Promise.all(pages.map((page, n) => page.evaluate(({ count, tag }) => tab.insert(count, tag), { count: each, tag: `tab ${n}` })))
  expect(server.counts.rows).toBe(0)
  await context.setOffline(false)
  const all = tabs * each
  await expect.poll(() => server.counts, { timeout: withinMs }).toEqual({ rows: all, blobs: all, puts: all, mutations: all })
  for (const page of pages) await expect.poll(() => page.evaluate(() => tab.pending()), { timeout: withinMs }).toBe(0)
  for (const page of pages) expect(await page.evaluate(async () => (await tab.titles()).length)).toBe(all)
  // Nothing came a second time while they looked.
  expect(server.counts).toEqual({ rows: all, blobs: all, puts: all, mutations: all })
  expect(new Set(server.deliveries).size).toBe(all)
}
