// Apps over the packed packages, each built by another bundler and opened in Chromium: a picture must be stored, sent and shown, by the
// packages' own workers, without a word on the console and without a request that fails.
import { cpSync } from 'node:fs'
import { createServer } from 'node:net'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright'
import { createServer as createViteServer } from 'vite'
import { chromiumFlags, findChromium } from '../browsers.mjs'
import { installPacked, link } from './consumer-folder.mjs'
import { usePage } from './consumer-page.mjs'
import { readManifest } from './packages.mjs'
import { ended, root, run, start } from './run.mjs'

/**
 * @typedef {{ readonly url: string, close(): Promise<void> }} Running
 * @typedef {(options: { dataDirectory: string, staticDirectory?: string, origins?: readonly string[] }) => Promise<Running>} StartRemote the packed server
 * @typedef {(folder: string, startRemote: StartRemote) => Promise<Running>} Serve builds what is in the folder, and serves it
 */

const sources = join(root, 'e2e', 'consumers')
const host = '127.0.0.1'
const pollMs = 100
/** Vite's dev server sets another one in this process. */
const production = { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }

/** @type {readonly { name: string, app: string, serve: Serve, html?: string }[]} */
const apps = [
  { name: 'Vite, dev server', app: 'vite', serve: serveByVite },
  { name: 'Vite, build', app: 'vite', serve: (folder, startRemote) => serveBuilt('vite', ['build', '--logLevel', 'error'], folder, startRemote) },
  { name: 'webpack', app: 'webpack', serve: (folder, startRemote) => serveBuilt('node', ['build.mjs'], folder, startRemote) },
  { name: 'Next', app: 'next', serve: serveByNext, html: '<p>Opening…</p>' },
]

/**
 * @param {string} parent an empty folder outside of the workspace
 * @returns {Promise<boolean>} whether every app works; what does not is printed
 */
export async function checkApps(parent) {
  const executablePath = findChromium()
  const browser = await chromium.launch({ args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
  try {
    let isGood = true
    for (const { name, app, serve, html } of apps) {
      const startedAtMs = performance.now()
      const troubles = await check(join(parent, name.replaceAll(/\W+/g, '-')), app, serve, html, browser)
      for (const trouble of troubles) console.error(`${name}: ${trouble}`)
      console.log(`- ${name}: ${troubles.length === 0 ? 'ok' : 'failed'}, ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`)
      isGood &&= troubles.length === 0
    }
    return isGood
  } finally {
    await browser.close()
  }
}

/**
 * @param {string} folder
 * @param {string} app
 * @param {Serve} serve
 * @param {string | undefined} html what the server must have rendered
 * @param {import('playwright').Browser} browser
 * @returns {Promise<readonly string[]>}
 */
async function check(folder, app, serve, html, browser) {
  if (!(await installPacked(folder))) return ['the packages could not be unpacked']
  link(sources, Object.keys(readManifest(sources).devDependencies ?? {}), folder)
  for (const part of ['shared', app]) cpSync(join(sources, part), folder, { recursive: true })
  /** @type {{ startServer: StartRemote }} */
  const { startServer } = await import(pathToFileURL(createRequire(join(folder, 'package.json')).resolve('@bse/server/node')).href)
  const running = await serve(folder, startServer)
  try {
    const rendered = html === undefined ? '' : await (await fetch(running.url)).text()
    const troubles = await usePage(running.url, browser)
    return rendered.includes(html ?? '') ? troubles : [`the server did not render ${html}`, ...troubles]
  } finally {
    await running.close()
  }
}

/** @type {Serve} */
async function serveByVite(folder, startRemote) {
  const port = await freePort()
  const remote = await startRemote({ dataDirectory: join(folder, 'data'), origins: [originAt(port)] })
  const proxy = { '/blobs': remote.url, '/sync': { target: remote.url, ws: true } }
  const vite = await createViteServer({ root: folder, configFile: false, logLevel: 'warn', server: { host, port, strictPort: true, proxy } })
  await vite.listen()
  return { url: originAt(port), close: async () => void (await Promise.all([vite.close(), remote.close()])) }
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} folder
 * @param {StartRemote} startRemote
 */
async function serveBuilt(command, args, folder, startRemote) {
  if ((await run(command, args, { cwd: folder, env: production })) !== 0) throw new Error(`${command} did not build the app`)
  return startRemote({ dataDirectory: join(folder, 'data'), staticDirectory: join(folder, 'dist') })
}

/** @type {Serve} */
async function serveByNext(folder, startRemote) {
  const port = await freePort()
  const remote = await startRemote({ dataDirectory: join(folder, 'data'), origins: [originAt(port)] })
  const next = join(folder, 'node_modules', 'next', 'dist', 'bin', 'next')
  const options = { cwd: folder, env: { ...production, BSE_REMOTE: remote.url }, quiet: true }
  if ((await run('node', [next, 'build'], options)) !== 0) throw new Error('Next did not build the app')
  const server = start('node', [next, 'start', '--hostname', host, '--port', String(port)], options)
  const gone = ended(server)
  await answers(originAt(port), gone)
  return {
    url: originAt(port),
    close: async () => {
      server.kill()
      await Promise.all([gone, remote.close()])
    },
  }
}

/** @param {number} port */
function originAt(port) {
  return `http://${host}:${port}`
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen({ port: 0, host }, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/**
 * @param {string} url
 * @param {Promise<number>} gone
 */
async function answers(url, gone) {
  let isGone = false
  void gone.then(() => (isGone = true))
  while (!isGone) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer !== undefined) return
    await delay(pollMs)
  }
  throw new Error('The server of the app ended before it answered.')
}
