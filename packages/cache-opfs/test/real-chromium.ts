import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type BrowserContext, type CDPSession, type Page } from 'playwright'
import { createServer } from 'vite'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { chromiumFlags, findChromium } from '../../../scripts/browsers.mjs'

/** A Chromium with a profile on disk, as people have it. */
export interface RealChromium {
  readonly context: BrowserContext
  readonly devtools: CDPSession
  readonly origin: string
  /** A page of `fixtures`, as soon as it has its `page` object. */
  open(address: string): Promise<Page>
}

/** Serves `fixtures` for the tests of the file that calls it. Answers a function that opens a browser with a new profile, closed with its test. */
export function serveFixtures(): () => Promise<RealChromium> {
  let origin = ''
  let stop = async (): Promise<void> => undefined
  beforeAll(async () => {
    const server = await createServer({
      root: fileURLToPath(new URL('..', import.meta.url)),
      resolve: { conditions: ['@bse/source', 'module', 'import', 'default'] },
      server: { port: 0, host: '127.0.0.1', hmr: false },
      optimizeDeps: { noDiscovery: true },
      logLevel: 'error',
    })
    await server.listen()
    origin = new URL(server.resolvedUrls?.local[0] ?? '').origin
    stop = () => server.close()
  })
  afterAll(() => stop())
  return async () => {
    const profile = await mkdtemp(join(tmpdir(), 'bse-profile-'))
    onTestFinished(() => rm(profile, { recursive: true, force: true, maxRetries: 10 }))
    const executablePath = findChromium()
    const context = await chromium.launchPersistentContext(profile, { args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
    onTestFinished(() => context.close())
    const devtools = await context.newCDPSession(context.pages()[0] ?? (await context.newPage()))
    return {
      context, devtools, origin,
      async open(address) {
        const tab = await context.newPage()
        await tab.goto(`${origin}/test/fixtures/${address}`)
        await tab.waitForFunction(() => 'page' in globalThis)
        return tab
      },
    }
  }
}
