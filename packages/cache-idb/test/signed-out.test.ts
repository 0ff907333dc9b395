import { execFile } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createSignOutHandler } from '@bse/server'
import { chromium, type BrowserContext, type Page } from 'playwright'
import { createServer } from 'vite'
import { expect, it, onTestFinished } from 'vitest'
import { chromiumFlags, findChromium } from '../../../scripts/browsers.mjs'
import type { SignedOutPage } from './fixtures/signed-out.ts'

declare const page: SignedOutPage

const MARKER = 'zq7MARKERzq7'

async function temporary(prefix: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}

/** Pages, and the sign-out answer of a bse server, from one origin. */
async function openSite(): Promise<string> {
  const signOut = createSignOutHandler()
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { origin } = incoming.headers
    const response = await signOut(new Request(`http://${incoming.headers.host ?? ''}/sign-out`, { method: incoming.method ?? 'GET', headers: origin === undefined ? {} : { origin } }))
    outgoing.writeHead(response.status, [...response.headers].flat())
    outgoing.end()
  }
  const site = await createServer({
    root: fileURLToPath(new URL('..', import.meta.url)), cacheDir: await temporary('bse-vite-'), configFile: false, logLevel: 'error',
    resolve: { conditions: ['@bse/source', 'module', 'import', 'default'] }, optimizeDeps: { noDiscovery: true }, server: { port: 0, host: '127.0.0.1', hmr: false },
    plugins: [{ name: 'sign-out', configureServer: ({ middlewares }) => void middlewares.use('/sign-out', (incoming, outgoing) => void answer(incoming, outgoing)) }],
  })
  await site.listen()
  onTestFinished(() => site.close())
  return `${new URL(site.resolvedUrls?.local[0] ?? '').origin}/test/fixtures/signed-out.html`
}

async function openTab(profile: string, url: string): Promise<{ readonly context: BrowserContext; readonly tab: Page }> {
  const executablePath = findChromium()
  const context = await chromium.launchPersistentContext(profile, { args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
  onTestFinished(() => context.close())
  const tab = await context.newPage()
  await tab.goto(url)
  await tab.waitForFunction(() => 'page' in globalThis)
  await tab.evaluate(() => page.ready())
  return { context, tab }
}

/** Files of a closed browser's profile that hold the marker, as bytes or as UTF-16. */
async function filesWith(profile: string, marker: string): Promise<readonly string[]> {
  const wide = marker.split('').join('\\x00')
  const found = await promisify(execFile)('grep', ['-rlaP', `${marker}|${wide}`, profile]).catch((error: { readonly code?: number; readonly stdout?: string }) => {
    // What grep says when there is nothing to find.
    if (error.code === 1) return { stdout: '' }
    throw error
  })
  return found.stdout.split('\n').filter((line) => line !== '')
}

// F-89
it('leaves nothing of a person in the profile when they have signed out and the server has it cleared', { timeout: 120_000 }, async () => {
  const [profile, url] = [await temporary('bse-profile-'), await openSite()]
  const first = await openTab(profile, url)
  await first.tab.evaluate((marker) => page.write(marker), MARKER)
  expect(await first.tab.evaluate((marker) => page.find(marker), MARKER)).toBeGreaterThan(4)
  await first.context.close()
  expect((await filesWith(profile, MARKER)).length).toBeGreaterThan(1)

  const second = await openTab(profile, url)
  await second.tab.evaluate(() => page.leave())
  expect(await second.tab.evaluate((marker) => page.find(marker), MARKER)).toBe(0)
  expect(await second.tab.evaluate(() => page.clear())).toBe(204)
  await second.context.close()
  expect(await filesWith(profile, MARKER)).toEqual([])
})
