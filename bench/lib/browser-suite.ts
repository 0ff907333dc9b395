import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { chromium } from 'playwright'
import { createServer, type ViteDevServer } from 'vite'
import { chromiumFlags, findChromium } from '../../scripts/browsers.mjs'
import { interleaved, measuredOf, ratiosOf, type Group, type Measured, type Ratio } from './measure.ts'
import { report } from './report.ts'

const BENCH = join(import.meta.dirname, '..')
const PEERS = join(BENCH, 'peers')

/** What a page of `pages` has under `bench`. */
interface BenchPage {
  groups(quick: boolean): readonly Group[]
  run(group: string, contender: string, quick: boolean): Promise<number>
}

/** Runs a page's groups in a Chromium with a profile on disk, each group in a page of its own. `--quick`: less work, three rounds instead of five. */
export async function browserSuite(suite: string): Promise<void> {
  const { values: options } = parseArgs({ args: process.argv.slice(3), options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' }, only: { type: 'string', default: '' } } })
  const rounds = Number(options.rounds ?? (options.quick ? 3 : 5))
  await installPeers()
  const server = await serve()
  const profile = await mkdtemp(join(tmpdir(), 'bse-bench-'))
  const executablePath = findChromium()
  const context = await chromium.launchPersistentContext(profile, { args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) })
  const address = `${new URL(server.resolvedUrls?.local[0] ?? '').origin}/pages/${suite}.html`
  const measured: Measured[] = []
  const ratios: Ratio[] = []
  const openPage = async (): ReturnType<typeof context.newPage> => {
    const page = await context.newPage()
    page.on('pageerror', (error) => console.error(`the page threw: ${String(error)}`))
    // Vite may find more to prepare, and reload the page, while it is still fetching.
    await page.goto(address, { waitUntil: 'networkidle' })
    await page.waitForFunction(() => 'bench' in globalThis, undefined, { timeout: 60_000 })
    return page
  }
  try {
    const first = await openPage()
    const groups = await first.evaluate((quick) => (globalThis as unknown as { bench: BenchPage }).bench.groups(quick), options.quick)
    await first.close()
    for (const group of groups.filter(({ name }) => name.includes(options.only))) {
      const page = await openPage()
      const times = await interleaved(group, rounds, (contender) => page.evaluate(
        ([name, who, quick]) => (globalThis as unknown as { bench: BenchPage }).bench.run(name, who, quick), [group.name, contender, options.quick] as const,
      ))
      measured.push(...measuredOf(group, times))
      ratios.push(...ratiosOf(group, times))
      console.error(`${group.name}: done`)
      await page.close()
    }
    const versions = { Chromium: context.browser()?.version() ?? '', Node: process.version, ...(await peerVersions()) }
    await report({ suite, versions, rounds, measured, ratios })
  } finally {
    await context.close()
    await server.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** The peers are no part of the workspace: only who runs this fetches them. */
async function installPeers(): Promise<void> {
  if (existsSync(join(PEERS, 'node_modules', 'dexie'))) return
  console.error('installing what is measured beside us')
  await promisify(execFile)('npx', ['-y', 'pnpm@12.21.0', 'install', '--ignore-workspace', '--prod', '--frozen-lockfile'], { cwd: PEERS })
}

async function peerVersions(): Promise<Record<string, string>> {
  const { dependencies } = JSON.parse(await readFile(join(PEERS, 'package.json'), 'utf8')) as { readonly dependencies: Record<string, string> }
  return dependencies
}

async function serve(): Promise<ViteDevServer> {
  const server = await createServer({
    root: BENCH,
    cacheDir: join(PEERS, 'node_modules', '.vite'),
    // PouchDB wants Node's emitter, which bundlers bring; RxDB has a Dexie of its own, which does not bear a second one.
    resolve: { conditions: ['@bse/source', 'module', 'import', 'default'], alias: { events: join(PEERS, 'node_modules', 'events', 'events.js'), dexie: join(PEERS, 'node_modules', 'dexie', 'dist', 'modern', 'dexie.mjs') } },
    server: { port: 0, host: '127.0.0.1', hmr: false, fs: { allow: [join(BENCH, '..')] } },
    optimizeDeps: { entries: ['pages/*.ts', 'peers/peers.ts'] },
    logLevel: 'error',
  })
  await server.listen()
  return server
}
