// `pnpm start`: builds the demo and its server, runs them on one port, and prints the address.
// PORT chooses the port; without it the first free one from 5173 on is taken. `--data DIR` chooses where blobs and rows are kept.
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ended, forwardSignals, root, run, start } from './lib/run.mjs'

const host = '127.0.0.1'
const firstPort = 5173
const portsToTry = 100
const pollMs = 100

const { values } = parseArgs({ options: { data: { type: 'string', default: '.data' } } })

forwardSignals({ exit: false })
const built = await run('turbo', ['run', 'build', '--filter=@bse/example-family-photos', '--filter=@bse/server', '--output-logs=errors-only'])
if (built !== 0) process.exit(built)

const port = await choosePort().catch((/** @type {Error} */ error) => {
  console.error(error.message)
  process.exit(1)
})
const app = join(root, 'examples', 'family-photos', 'dist')
const flags = ['--host', host, '--port', String(port), '--data', resolve(values.data), '--static', app, '--log-level', 'warn']
const exited = ended(start('node', [join(root, 'packages', 'server', 'dist', 'cli.js'), ...flags]))
const answers = new AbortController()
void exited.then(() => answers.abort())
if (await answersOn(port, answers.signal)) console.log(`The demo is ready: http://${host}:${port}/`)
process.exitCode = await exited

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
