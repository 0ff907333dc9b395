import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import { bareBrowser, type BareTab } from './bare-browser.ts'
import type { TabPage } from './fixtures/tab.ts'
import { insertOfflineInTabs, realTabs } from './real-tabs.ts'

// Several tabs of one Chromium, with IndexedDB, Web Locks and channels as they are.
declare const tab: TabPage

/** A takeover has half a minute, and a slow machine some more. */
const TAKEOVER = { timeout: 45_000 }

const { openSite, realBrowser } = realTabs()

async function readyTab(openTab: (url: string) => Promise<BareTab>, url: string): Promise<BareTab> {
  const opened = await openTab(url)
  await expect.poll(() => opened.evaluate("'tab' in globalThis"), TAKEOVER).toBe(true)
  await opened.evaluate('tab.ready()')
  return opened
}

async function leads(page: Page): Promise<boolean> {
  return page.evaluate(() => tab.leads())
}

describe('tabs of one browser', () => {
  // F-13 F-14 X-013
  it('send what each of them took offline, each once', async () => insertOfflineInTabs(await realBrowser(), 3, 20, 60_000), 120_000)

  // F-15 F-13
  it('go on without a leader that is frozen in the middle of an upload', async () => {
    const { server, url } = await openSite()
    const { openTab } = await bareBrowser()
    const first = await readyTab(openTab, url)
    await expect.poll(() => first.evaluate('tab.leads()'), TAKEOVER).toBe(true)
    const second = await readyTab(openTab, url)
    const open = Promise.withResolvers<void>()
    server.gate = open.promise
    await second.evaluate("tab.insert(3, 'frozen')")
    await expect.poll(() => server.held, TAKEOVER).toBeGreaterThan(0)
    await first.send('Page.setWebLifecycleState', { state: 'frozen' })
    await expect.poll(() => second.evaluate('tab.leads()'), TAKEOVER).toBe(true)
    server.gate = undefined
    open.resolve()
    await expect.poll(() => second.evaluate('tab.pending()'), TAKEOVER).toBe(0)
    await first.send('Page.setWebLifecycleState', { state: 'active' })
    await expect.poll(() => first.evaluate('tab.pending()'), TAKEOVER).toBe(0)
    expect(await first.evaluate('tab.leads()')).toBe(false)
    expect([server.remote.rows.size, server.remote.blobs.size, server.remote.applied.length]).toEqual([3, 3, 3])
    expect(new Set(server.remote.applied).size).toBe(3)
  }, 120_000)

  // F-15
  it('go on without a leader that crashes', async () => {
    const { server, context, openTab } = await realBrowser()
    const first = await openTab()
    const second = await openTab()
    await expect.poll(() => leads(first), TAKEOVER).toBe(true)
    const devtools = await context.newCDPSession(first)
    const crashed = new Promise((resolve) => first.once('crash', resolve))
    devtools.send('Page.crash').catch(() => undefined)
    await crashed
    await expect.poll(() => leads(second), TAKEOVER).toBe(true)
    await second.evaluate(() => tab.insert(2, 'after'))
    await expect.poll(() => server.counts, TAKEOVER).toEqual({ rows: 2, blobs: 2, puts: 2, mutations: 2 })
  }, 120_000)

  // F-21
  it('find out by themselves what three messages in ten do not tell them, and others too late', async () => {
    const { server, openTab } = await realBrowser()
    const lossy = async (page: Page): Promise<void> => void (await page.addInitScript(() => {
      const post = BroadcastChannel.prototype.postMessage
      let state = 7
      const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
      BroadcastChannel.prototype.postMessage = function (message: unknown): void {
        const fate = random()
        if (fate < 0.3) return
        if (fate < 0.6) setTimeout(() => post.call(this, message), random() * 500)
        else post.call(this, message)
      }
    }))
    const pages = await Promise.all([openTab(lossy), openTab(lossy), openTab(lossy)])
    await Promise.all(pages.map((page, n) => page.evaluate((tag) => tab.insert(10, tag), `tab ${n}`)))
    await expect.poll(() => server.counts, TAKEOVER).toEqual({ rows: 30, blobs: 30, puts: 30, mutations: 30 })
    const titles = await pages[0]?.evaluate(() => tab.titles())
    expect(titles).toHaveLength(30)
    for (const page of pages) await expect.poll(() => page.evaluate(() => tab.titles()), TAKEOVER).toEqual(titles)
    for (const page of pages) await expect.poll(() => page.evaluate(() => tab.pending()), TAKEOVER).toBe(0)
  }, 120_000)
})
