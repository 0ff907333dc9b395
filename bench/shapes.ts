// `pnpm bench shapes [--clients 1000] [--transactions 50]`: how many clients one endpoint holds, and how fast a change reaches all of them.
import { spawn } from 'node:child_process'
import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { startPostgres } from '../scripts/services/postgres.ts'

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== 'shapes'),
  options: { clients: { type: 'string', default: '1000' }, transactions: { type: 'string', default: '50' } },
})
const clients = Number(options.clients)
const transactions = Number(options.transactions)
const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

interface Followed {
  changes: number
  offset: string
}

for (const kind of ['postgres', 'pglite'] as const) await measure(kind)

async function measure(kind: 'postgres' | 'pglite'): Promise<void> {
  const postgres = kind === 'postgres' ? await startPostgres() : undefined
  const server = spawn(process.execPath, ['--conditions=@bse/source', '--no-warnings', new URL('shapes-server.ts', import.meta.url).pathname, postgres?.url ?? ''], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
  const url = ((await lines.next()).value as string).trim()
  const initial = await get(`${url}/v1/shape?table=items&offset=-1`)
  const handle = String(initial.headers['electric-handle'])
  const stop = new AbortController()
  const followers = Array.from({ length: clients }, (): Followed => ({ changes: 0, offset: '0_inf' }))
  const following = followers.map((one) => follow(url, handle, one, stop.signal))
  await everyoneHas(url, followers, 1)
  const startedMs = performance.now()
  for (let count = 0; count < transactions; count++) await post(`${url}/change`, 'insert')
  const writtenMs = performance.now() - startedMs
  await everyone(followers, 1 + transactions)
  const deliveredMs = performance.now() - startedMs
  const memory = JSON.parse(await post(`${url}/memory`, '')) as { rss: number }
  stop.abort()
  await Promise.allSettled(following)
  server.stdin.end()
  await new Promise((resolve) => server.once('close', resolve))
  await postgres?.stop()
  const perSecond = Math.round((clients * transactions) / (deliveredMs / 1_000))
  console.log(`${kind}: ${clients} live clients; ${transactions} transactions written in ${Math.round(writtenMs)} ms, with all clients in ${Math.round(deliveredMs)} ms; ` +
    `${perSecond} changes delivered per second; server memory ${Math.round(memory.rss / 1_048_576)} MiB`)
}

async function follow(url: string, handle: string, one: Followed, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await get(`${url}/v1/shape?table=items&handle=${handle}&offset=${one.offset}&live=true`, signal)
    one.offset = String(answer.headers['electric-offset'] ?? one.offset)
    one.changes += (answer.body.match(/"operation":"insert"/g) ?? []).length
  }
}

/** The first change also shows that every client is there. */
async function everyoneHas(url: string, followers: readonly Followed[], count: number): Promise<void> {
  await post(`${url}/change`, 'insert')
  await everyone(followers, count)
}

async function everyone(followers: readonly Followed[], count: number): Promise<void> {
  while (followers.some(({ changes }) => changes < count)) await new Promise((resolve) => setTimeout(resolve, 5))
}

function get(url: string, signal?: AbortSignal): Promise<{ readonly headers: Readonly<Record<string, unknown>>; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, ...(signal === undefined ? {} : { signal }) }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.once('error', reject)
      incoming.once('end', () => resolve({ headers: incoming.headers, body: Buffer.concat(chunks).toString('utf8') }))
    })
    outgoing.once('error', reject)
    outgoing.end()
  })
}

async function post(url: string, body: string): Promise<string> {
  return (await fetch(url, { method: 'POST', body })).text()
}
