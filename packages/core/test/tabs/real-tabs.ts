import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { chromiumFlags, findChromium } from '../../../../scripts/browsers.mjs'
import type { TabPage } from './fixtures/tab.ts'
import { RemoteServer } from './remote-server.ts'
import { buildPages, servePages } from './site.ts'

declare const tab: TabPage

export interface Site {
  readonly server: RemoteServer
  /** Of the page that runs an engine. */
  readonly url: string
}

export interface RealBrowser {
  readonly server: RemoteServer
  readonly context: BrowserContext
  /** `prepare` sees the page before anything runs in it. */
  openTab(prepare?: (page: Page) => Promise<void>): Promise<Page>
}

export interface RealTabs {
  /** Pages that run an engine, and the remote they all know. An origin of its own, so nothing in common with another test's. */
  openSite(): Promise<Site>
  /** Tabs of one browser, whose profile is on disk. */
  realBrowser(): Promise<RealBrowser>
}

/** For a file of tests: the page is bundled once, and one browser started, because loading hundreds of modules in each tab is what takes time. */
export function realTabs(): RealTabs {
  let pages = ''
  let profile = ''
  let context: BrowserContext | undefined
  beforeAll(async () => {
    pages = await buildPages()
  }, 120_000)
  afterAll(async () => {
    await context?.close()
    for (const folder of [pages, profile]) if (folder !== '') await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }, 60_000)

  const browser = async (): Promise<BrowserContext> => {
    if (context !== undefined) return context
    profile = await mkdtemp(join(tmpdir(), 'bse-tabs-'))
    const executablePath = findChromium()
    context = await chromium.launchPersistentContext(profile, { args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
    return context
  }
  const openSite = async (): Promise<Site> => {
    const server = new RemoteServer()
    return { server, url: `${await servePages(pages, server)}/test/tabs/fixtures/tab.html` }
  }
  return {
    openSite,
    async realBrowser() {
      const { server, url } = await openSite()
      const shared = await browser()
      onTestFinished(() => shared.setOffline(false))
      return {
        server, context: shared,
        async openTab(prepare) {
          const page = await shared.newPage()
          onTestFinished(() => page.close())
          await prepare?.(page)
          await page.goto(url)
          await page.waitForFunction(() => 'tab' in globalThis)
          await page.evaluate(() => tab.ready())
          return page
        },
      }
    },
  }
}

/** Every tab inserts its photos while there is no network; then it comes back. Each is to arrive once. */
export async function insertOfflineInTabs({ server, context, openTab }: RealBrowser, tabs: number, each: number, withinMs: number): Promise<void> {
  const pages = await Promise.all(Array.from({ length: tabs }, () => openTab()))
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
