import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { bseServer, listening } from './support/bse-server.ts'
import { put, randomBlob, storedBlob, temporaryDirectory } from './support/test-server.ts'

const CONNECTIONS = 1_000
const SECONDS = 60

interface Healthy {
  answered: number
  readonly wrong: string[]
  readonly tookMs: number[]
}

/** Stores and reads blobs, one after another, as long as the attack lasts. */
async function healthyRequests(url: string, isOver: () => boolean): Promise<Healthy> {
  const seen: Healthy = { answered: 0, wrong: [], tookMs: [] }
  while (!isOver()) {
    const { bytes, hash } = await randomBlob(20_000)
    const calls: readonly (() => Promise<Response>)[] = [() => put({ url }, hash, bytes), () => fetch(`${url}/blobs/${hash}`), () => fetch(`${url}/health`)]
    for (const call of calls) {
      const beganAtMs = performance.now()
      const answer = await call().catch((error: unknown) => String(error))
      if (typeof answer === 'string' || !answer.ok) seen.wrong.push(typeof answer === 'string' ? answer : `status ${answer.status}`)
      else {
        await answer.arrayBuffer()
        seen.answered += 1
      }
      seen.tookMs.push(performance.now() - beganAtMs)
    }
  }
  return seen
}

// F-74
it.each([
  ['headers that never end', '-H', '-i', '5', '-x', '24'],
  ['bodies that hardly move', '-B', '-i', '5', '-s', '1000000', '-t', 'PUT'],
  ['readers that hardly read', '-X', '-w', '256', '-y', '512', '-n', '5', '-z', '16', '-k', '3'],
])('answers healthy requests while a thousand connections send %s', async (what, ...mode) => {
  const url = await listening(bseServer('--port', '0', '--data', await temporaryDirectory(), '--log-level', 'silent'))
  const { hash } = await storedBlob({ url }, 2_000_000)
  const flags = [...mode, '-c', String(CONNECTIONS), '-r', '200', '-l', String(SECONDS), '-u', `${url}/blobs/${hash}`, '-v', '1']
  const attack = spawn('slowhttptest', flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  let [isOver, words] = [false, '']
  attack.stdout.on('data', (chunk: Buffer) => (words += chunk.toString()))
  const ended = once(attack, 'close').then(() => (isOver = true))
  const { answered, tookMs, wrong } = await healthyRequests(url, () => isOver)
  await ended
  const p99Ms = tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length * 0.99)]
  const most = Math.max(0, ...[...stripVTControlCharacters(words).matchAll(/connected: *(\d+)/g)].map(([, count]) => Number(count)))
  console.log(`${what}: ${answered} healthy requests answered, ${wrong.length} not, p99 ${p99Ms?.toFixed(0)} ms; at most ${most} attackers connected at a time`)
  expect(wrong).toEqual([])
  expect(answered).toBeGreaterThan(10)
  // Otherwise nothing was attacked.
  expect(most).toBeGreaterThan(CONNECTIONS / 10)
}, 180_000)
