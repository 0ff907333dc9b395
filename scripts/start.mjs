// `pnpm start`: builds the demo and its server, runs them on one port, and prints the address.
// PORT chooses the port; without it the first free one from 5173 on is taken. `--data DIR` chooses where blobs and rows are kept.
// BSE_DATA=electric keeps rows in Postgres and serves them as Electric does: in an embedded one, or where DATABASE_URL says; ELECTRIC_URL is Electric itself.
// BLOBS=s3 or BLOBS=r2 puts the photos into a bucket on this machine instead, straight from the page: Ceph's or Cloudflare's, in memory.
import { createServer } from 'node:net'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ended, forwardSignals, root, run, start } from './lib/run.mjs'

const host = '127.0.0.1'
const firstPort = 5173
const portsToTry = 100
const pollMs = 100

const { values } = parseArgs({ options: { data: { type: 'string' } } })
const kind = process.env.BLOBS ?? 'http'
if (!['http', 's3', 'r2'].includes(kind)) throw new Error('BLOBS is http, s3 or r2')
const rows = process.env.BSE_DATA ?? 'yjs'
if (!['yjs', 'electric'].includes(rows)) throw new Error('BSE_DATA is yjs or electric')
// The server lets a row in when it has the bytes that the row names.
if (rows === 'electric' && kind !== 'http') throw new Error('With BSE_DATA=electric the photos go to the server: leave BLOBS out')

forwardSignals({ exit: false })
const store = kind === 'http' ? undefined : await startStore()
const env = { ...(store === undefined ? {} : { VITE_BLOBS: store.blobs }), ...(rows === 'electric' ? { VITE_ELECTRIC: electricOptions() } : {}) }
const built = await run('turbo', ['run', 'build', '--filter=@bse/example-family-photos', '--filter=@bse/server', '--output-logs=errors-only'], { env })
if (built !== 0) fail(built)

const port = await choosePort().catch((/** @type {Error} */ error) => {
  console.error(error.message)
  return fail(1)
})
// What is in memory is gone with it, and so are the rows that name it.
const ownDirectory = store === undefined || values.data !== undefined ? undefined : mkdtempSync(join(tmpdir(), 'bse-demo-'))
const dataDirectory = ownDirectory ?? resolve(values.data ?? '.data')
const app = join(root, 'examples', 'family-photos', 'dist')
const database = rows === 'electric' ? (process.env.DATABASE_URL ?? join(dataDirectory, 'database')) : undefined
if (database !== undefined) await makeTables(database)
const flags = ['--host', host, '--port', String(port), '--data', dataDirectory, '--static', app, '--log-level', 'warn', ...(database === undefined ? [] : ['--database', database])]
const exited = ended(start('node', [join(root, 'packages', 'server', 'dist', 'cli.js'), ...flags]))
const answers = new AbortController()
void exited.then(() => answers.abort())
if (await answersOn(port, answers.signal)) console.log(`The demo is ready: http://${host}:${port}/`)
process.exitCode = await exited
store?.child.kill()
if (ownDirectory !== undefined) rmSync(ownDirectory, { recursive: true, force: true, maxRetries: 5 })

/** Shapes come from Electric itself where that is told, else from the server of the page. Writes go to that server, into the same database. */
function electricOptions() {
  const { DATABASE_URL, ELECTRIC_URL } = process.env
  if (ELECTRIC_URL !== undefined && DATABASE_URL === undefined) throw new Error('ELECTRIC_URL wants DATABASE_URL beside it: the database that Electric follows')
  return JSON.stringify({ url: ELECTRIC_URL ?? '/', mutationsUrl: '/mutations' })
}

/** @param {string} place */
async function makeTables(place) {
  mkdirSync(dataDirectory, { recursive: true })
  const made = await run('node', ['--conditions=@bse/source', '--no-warnings', join(root, 'scripts', 'demo-database.ts'), place])
  if (made !== 0) fail(made)
}

/** @returns {Promise<{ blobs: string, child: import('node:child_process').ChildProcess }>} */
async function startStore() {
  const script = join(root, 'scripts', 'demo-store.ts')
  const child = start('node', ['--conditions=@bse/source', '--no-warnings', script, kind], { pipe: true })
  const exited = ended(child)
  if (child.stdout !== null) for await (const line of createInterface({ input: child.stdout })) return { blobs: line, child }
  process.exit((await exited) || 1)
}

/**
 * @param {number} status
 * @returns {never}
 */
function fail(status) {
  store?.child.kill()
  process.exit(status)
}

async function choosePort() {
  const wanted = Number(process.env.PORT || 0)
  if (wanted !== 0) {
    if (await isFree(wanted)) return wanted
    throw new Error(`Port ${process.env.PORT} is taken or not a port. Choose another by PORT.`)
  }
  for (let candidate = firstPort; candidate < firstPort + portsToTry; candidate += 1) if (await isFree(candidate)) return candidate
  throw new Error(`No port from ${firstPort} to ${firstPort + portsToTry - 1} is free. Choose one by PORT.`)
}

/**
 * @param {number} candidate
 * @returns {Promise<boolean>}
 */
function isFree(candidate) {
  return new Promise((done) => {
    const probe = createServer()
    probe.once('error', () => done(false))
    probe.listen({ port: candidate, host }, () => probe.close(() => done(true)))
  })
}

/**
 * @param {number} at
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} false when the server ended before it answered
 */
async function answersOn(at, signal) {
  while (!signal.aborted) {
    const answer = await fetch(`http://${host}:${at}/health`).catch(() => undefined)
    if (answer?.ok) return true
    await delay(pollMs)
  }
  return false
}
