import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type BrowserContext, type Page } from 'playwright'
import { createServer, type ViteDevServer } from 'vite'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { chromiumFlags, findChromium } from '../../../scripts/browsers.mjs'
import type { Page as TestPage } from './fixtures/real-profile.ts'

// Chromium with a profile on disk, as people have it: a private one keeps files in memory and ignores parts of the quota.
declare const page: TestPage

const WITHIN = { timeout: 15_000 }

let server: ViteDevServer
let origin: string

beforeAll(async () => {
  server = await createServer({
    root: fileURLToPath(new URL('..', import.meta.url)),
    resolve: { conditions: ['@bse/source', 'module', 'import', 'default'] },
    server: { port: 0, host: '127.0.0.1', hmr: false },
    optimizeDeps: { noDiscovery: true },
    logLevel: 'error',
  })
  await server.listen()
  origin = new URL(server.resolvedUrls?.local[0] ?? '').origin
})
afterAll(() => server.close())

async function newProfile(): Promise<string> {
  const profile = await mkdtemp(join(tmpdir(), 'bse-profile-'))
  onTestFinished(() => rm(profile, { recursive: true, force: true, maxRetries: 10 }))
  return profile
}

async function openPage(profile: string): Promise<{ context: BrowserContext; tab: Page }> {
  const executablePath = findChromium()
  const context = await chromium.launchPersistentContext(profile, { args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
  onTestFinished(() => context.close())
  const tab = await openTab(context)
  return { context, tab }
}

async function openTab(context: BrowserContext): Promise<Page> {
  const tab = await context.newPage()
  await tab.goto(`${origin}/test/fixtures/real-profile.html`)
  await tab.waitForFunction(() => 'page' in globalThis)
  return tab
}

// F-23
it.each(['blob', 'stream'] as const)('gives STORAGE_FULL for a %s when the quota is spent', { timeout: 60_000 }, async (kind) => {
  const { context, tab } = await openPage(await newProfile())
  const kept = await tab.evaluate(() => page.put(1, 'blob'))
  expect(tab.workers()).toHaveLength(1)
  const devtools = await context.newCDPSession(tab)
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 6 * 1024 * 1024 })
  for (let n = 0; n < 5; n++) expect(await tab.evaluate((k) => page.put(24, k), kind)).toBe('STORAGE_FULL')
  expect(await tab.evaluate(() => page.verified())).toEqual([kept])
  expect(await tab.evaluate(() => page.staged())).toBe(0)

  await devtools.send('Storage.overrideQuotaForOrigin', { origin })
  expect(await tab.evaluate((k) => page.put(24, k), kind)).toMatch(/^sha256:/)
})

// F-2 F-1
it('keeps what it published when tabs close in mid-stage', { timeout: 60_000 }, async () => {
  const { context, tab } = await openPage(await newProfile())
  const kept = await tab.evaluate(() => page.put(2, 'stream'))
  for (const mebibytes of [0, 1, 5, 50]) {
    const dying = await openTab(context)
    await dying.evaluate((size) => page.stageForEver(size), mebibytes)
    await expect.poll(() => tab.evaluate(() => page.staged()), WITHIN).toBe(1)
    await dying.close()
    await expect.poll(async () => {
      await tab.evaluate(() => page.store.sweep(() => false))
      return tab.evaluate(() => page.staged())
    }, WITHIN).toBe(0)
  }
  expect(await tab.evaluate(() => page.verified())).toEqual([kept])
})

// F-1
it('has every published blob when the browser is killed and opened again', { timeout: 60_000 }, async () => {
  const profile = await newProfile()
  const first = await openPage(profile)
  const devtools = await first.context.browser()?.newBrowserCDPSession()
  const processes = (await devtools?.send('SystemInfo.getProcessInfo'))?.processInfo ?? []
  const browser = processes.find((process) => process.type === 'browser')
  const kept: string[] = []
  for (let n = 0; n < 3; n++) kept.push(await first.tab.evaluate(() => page.put(3, 'blob')))
  await first.tab.evaluate(() => page.stageForEver(20))
  const gone = new Promise((resolve) => first.context.once('close', resolve))
  if (browser === undefined) throw new Error('the browser has no process of its own')
  process.kill(browser.id, 'SIGKILL')
  await gone

  const { tab } = await openPage(profile)
  expect((await tab.evaluate(() => page.verified())).toSorted()).toEqual(kept.toSorted())
  await tab.evaluate(() => page.store.sweep(() => false))
  expect(await tab.evaluate(() => page.staged())).toBe(0)
  expect(await tab.evaluate(() => page.put(1, 'blob'))).toMatch(/^sha256:/)
})
