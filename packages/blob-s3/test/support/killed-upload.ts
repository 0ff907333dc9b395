import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type BrowserContext, type Page } from 'playwright'
import { createServer, type ViteDevServer } from 'vite'
import { hexOf, type BlobHash } from '@bse/core/wire'
import { chromiumFlags, findChromium } from '../../../../scripts/browsers.mjs'
import type { Fault } from '../../../../scripts/services/proxy.ts'
import type { S3BlobsOptions } from '../../src/index.ts'
import type { UploadPage } from '../fixtures/upload-page.ts'
import type { WiredStore } from './wired-store.ts'

// In the page.
declare const page: UploadPage

export interface KilledUpload {
  readonly outcome: string | undefined
  /** Of bodies that reached the store. */
  readonly sentBytes: number
  readonly storedBytes: number | undefined
  /** The largest of JavaScript's heap in the page that ended the upload, as far as it was looked at. */
  readonly heapBytes: number
}

/** Uploads from Chromium with a profile on disk: the tab is closed at a third of the way, the browser killed at two thirds. */
export async function killedUpload(store: WiredStore, sizeBytes: number, parts: Required<Pick<S3BlobsOptions, 'partBytes' | 'parallelParts'>>): Promise<KilledUpload> {
  const profile = await mkdtemp(join(tmpdir(), 'bse-killed-'))
  const server = await pageServer()
  const { presignEndpoint, storeUrl } = store.backend
  const options: S3BlobsOptions = { presignEndpoint, storeUrl, multipartFromBytes: 1, ...parts }
  const stopAt = (part: number): Stop => holdPart(store, Math.floor((part * sizeBytes) / parts.partBytes))
  try {
    const first = await openPage(profile, server)
    const hash = await first.tab.evaluate((size) => page.make(size), sizeBytes)
    store.wire.forget()
    await duringPart(first.tab, options, hash, stopAt(1 / 3), () => first.tab.close())
    const second = await openTab(first.context, server)
    await duringPart(second, options, hash, stopAt(2 / 3), () => killBrowser(first.context))
    const third = await openPage(profile, server)
    const heapBytes = await finish(third, options, hash)
    const outcome = await third.tab.evaluate(() => page.outcome)
    await third.context.close()
    const stored = await store.backend.bucket.head(`family/${hexOf(hash)}`)
    return { outcome, heapBytes, sentBytes: store.wire.bodyBytes(({ method }) => method === 'PUT'), storedBytes: stored?.sizeBytes }
  } finally {
    await server.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 10 })
  }
}

function pageServer(): Promise<ViteDevServer> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const config = {
    root, configFile: false as const, resolve: { conditions: ['@bse/source', 'module', 'import', 'default'] }, logLevel: 'error' as const,
    server: { port: 0, host: '127.0.0.1', hmr: false as const }, optimizeDeps: { noDiscovery: true },
  }
  return createServer(config).then((server) => server.listen())
}

async function openPage(profile: string, server: ViteDevServer): Promise<{ readonly context: BrowserContext; readonly tab: Page }> {
  const executablePath = findChromium()
  const context = await chromium.launchPersistentContext(profile, { args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
  return { context, tab: await openTab(context, server) }
}

async function openTab(context: BrowserContext, server: ViteDevServer): Promise<Page> {
  const tab = await context.newPage()
  await tab.goto(`${new URL(server.resolvedUrls?.local[0] ?? '').origin}/test/fixtures/upload-page.html`)
  await tab.waitForFunction(() => 'page' in globalThis)
  return tab
}

interface Stop {
  readonly fault: Fault
  release(): void
}

/** One part stands still in the middle of its body until `release`. */
function holdPart(store: WiredStore, partNumber: number): Stop {
  const { promise, resolve } = Promise.withResolvers<void>()
  const request = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
    method === 'PUT' && new URL(path, 'http://x').searchParams.get('partNumber') === String(partNumber)
  return { fault: store.wire.inject({ part: 'body', after: 100_000, request }, { do: 'hold', until: () => promise }), release: resolve }
}

async function duringPart(tab: Page, options: S3BlobsOptions, hash: BlobHash, { fault, release }: Stop, kill: () => Promise<void>): Promise<void> {
  await tab.evaluate(([asked, name]) => page.start(asked, name), [options, hash] as const)
  await fault.hit
  await kill()
  release()
}

async function killBrowser(context: BrowserContext): Promise<void> {
  const devtools = await context.browser()?.newBrowserCDPSession()
  const processes = (await devtools?.send('SystemInfo.getProcessInfo'))?.processInfo ?? []
  const browser = processes.find((found) => found.type === 'browser')
  if (browser === undefined) throw new Error('the browser has no process of its own')
  const gone = new Promise((resolve) => context.once('close', resolve))
  process.kill(browser.id, 'SIGKILL')
  await gone
}

async function finish({ context, tab }: { readonly context: BrowserContext; readonly tab: Page }, options: S3BlobsOptions, hash: BlobHash): Promise<number> {
  const devtools = await context.newCDPSession(tab)
  await devtools.send('Performance.enable')
  await tab.evaluate(([asked, name]) => page.start(asked, name), [options, hash] as const)
  let heapBytes = 0
  while ((await tab.evaluate(() => page.outcome)) === undefined) {
    const { metrics } = await devtools.send('Performance.getMetrics')
    heapBytes = Math.max(heapBytes, metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0)
  }
  return heapBytes
}
