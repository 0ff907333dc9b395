// `pnpm webkit`: runs the CacheStore suite in WebKitGTK, over OPFS and over IndexedDB, in a page that drives itself. Needs `MiniBrowser` and `Xvfb`:
// apt-get install libwebkit2gtk-4.1-0 webkit2gtk-driver xvfb
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createServer } from 'vite'

const TOGETHER_MS = 20 * 60_000
/** Mature in WebKit and on in Safari; GTK's browser leaves them off. */
const FEATURES = ['FileSystem', 'AccessHandle', 'FileSystemWritableStream', 'StorageAPI', 'StorageAPIEstimate']
const ROOT = join(import.meta.dirname, '..')

interface Told {
  readonly suite: string
  readonly name: string
  readonly outcome: string
}

const failed: Told[] = []
let passed = 0
const over = Promise.withResolvers<void>()

async function hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = JSON.parse(await text(request)) as Told
  response.end()
  if (request.url === '/told/begin') console.log(JSON.stringify(body))
  if (request.url === '/told/end') over.resolve()
  if (request.url !== '/told/case') return
  if (body.outcome === 'passed') passed += 1
  else {
    failed.push(body)
    console.log(`FAILED ${body.suite}: ${body.name}: ${body.outcome}`)
  }
}

function miniBrowser(): string {
  for (const triplet of existsSync('/usr/lib') ? readdirSync('/usr/lib') : []) {
    for (const version of ['webkit2gtk-4.1', 'webkitgtk-6.0', 'webkit2gtk-4.0']) {
      const path = join('/usr/lib', triplet, version, 'MiniBrowser')
      if (existsSync(path)) return path
    }
  }
  throw new Error('no MiniBrowser here: apt-get install libwebkit2gtk-4.1-0 webkit2gtk-driver')
}

/** A screen that nobody sees. Resolves with its name. */
async function startScreen(): Promise<{ readonly screen: ChildProcess; readonly display: string }> {
  const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const [number] = (await once(screen.stdio[3] as NodeJS.ReadableStream, 'data')) as [Buffer]
  return { screen, display: `:${number.toString().trim()}` }
}

const server = await createServer({
  root: ROOT,
  configFile: false,
  resolve: { conditions: ['@bse/source', 'module', 'import', 'default'] },
  server: { port: 0, host: '127.0.0.1', hmr: false, watch: null },
  optimizeDeps: { entries: ['scripts/webkit/page.ts'] },
  logLevel: 'error',
  plugins: [{
    name: 'hear',
    configureServer: ({ middlewares }) => void middlewares.use((request, response, next) => {
      if (request.url?.startsWith('/told/') === true) hear(request, response).catch(next)
      else next()
    }),
  }],
})
await server.listen()
const { screen, display } = await startScreen()
const home = await mkdtemp(join(tmpdir(), 'bse-webkit-'))
const address = `${new URL(server.resolvedUrls?.local[0] ?? '').origin}/scripts/webkit/index.html`
const environment = { ...process.env, DISPLAY: display, HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home, XDG_RUNTIME_DIR: home, LIBGL_ALWAYS_SOFTWARE: '1', WEBKIT_DISABLE_COMPOSITING_MODE: '1', GSK_RENDERER: 'cairo' }
const browser = spawn(miniBrowser(), [`--features=${FEATURES.map((name) => `+${name}`).join()}`, address], { env: environment, stdio: ['ignore', 'ignore', process.env.BSE_VERBOSE === undefined ? 'ignore' : 'inherit'] })
const patience = setTimeout(() => over.reject(new Error(`WebKitGTK was not done after ${TOGETHER_MS} ms`)), TOGETHER_MS)
browser.once('exit', (status) => over.reject(new Error(`WebKitGTK ended with ${String(status)}`)))
try {
  await over.promise
  console.log(`${passed} passed, ${failed.length} failed`)
  process.exitCode = failed.length === 0 && passed > 0 ? 0 : 1
} finally {
  clearTimeout(patience)
  browser.kill()
  screen.kill()
  await server.close()
  await rm(home, { recursive: true, force: true, maxRetries: 10 })
}
