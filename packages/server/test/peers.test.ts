import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HocuspocusProvider } from '@hocuspocus/provider'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Doc } from 'yjs'
import type { BlobAwareness, BlobHash } from '@bse/core/wire'
import { startServer, type PeerOptions, type RunningServer } from '../src/node.ts'

const WAIT = { timeout: 45_000, interval: 20 }
vi.setConfig({ testTimeout: 90_000 })
const hashOf = (text: string): BlobHash => `sha256:${createHash('sha256').update(text).digest('hex')}`

async function serve(peer: PeerOptions): Promise<RunningServer> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'bse-server-peer-'))
  const server = await startServer({ dataDirectory, peer })
  onTestFinished(async () => {
    await server.close()
    await rm(dataDirectory, { recursive: true, force: true })
  })
  return server
}

/** Somebody's server, and how often anybody connected to it. */
async function listener(answer: RequestListener): Promise<{ readonly url: string; readonly port: number; readonly connections: () => number }> {
  const server = createServer(answer)
  let connections = 0
  server.on('connection', () => (connections += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, connections: () => connections }
}

interface Member {
  say(state: unknown): void
  heard(): readonly unknown[]
}

function join_({ url }: RunningServer, name = 'room'): Member {
  const provider = new HocuspocusProvider({ url: `${url.replace('http', 'ws')}/sync`, name, document: new Doc() })
  onTestFinished(() => provider.destroy())
  const { awareness } = provider
  if (awareness === null) throw new Error('no awareness')
  return {
    say: (state) => awareness.setLocalStateField('blobs', state),
    heard: () => [...awareness.getStates()].flatMap(([client, state]) => (client === awareness.clientID ? [] : [(state as { readonly blobs?: unknown }).blobs])),
  }
}

const says = (url: string, ...blobHashes: BlobHash[]): BlobAwareness => ({ type: 'server', url, blobHashes })

async function put({ url }: RunningServer, text: string): Promise<BlobHash> {
  const hash = hashOf(text)
  expect((await fetch(`${url}/blobs/${hash}`, { method: 'PUT', body: text })).status).toBe(201)
  return hash
}

async function listOf({ url }: RunningServer): Promise<readonly unknown[]> {
  return ((await (await fetch(`${url}/blobs`)).json()) as { readonly blobs: readonly { readonly hash: unknown }[] }).blobs.map(({ hash }) => hash)
}

// E-034
it('announces what it has, and what is put into it', async () => {
  const server = await serve({ url: 'https://photos.example' })
  const first = await put(server, 'one')
  const member = join_(server)
  await vi.waitFor(() => expect(member.heard()).toEqual([says('https://photos.example', first)]), WAIT)
  const second = await put(server, 'two')
  await vi.waitFor(() => expect(member.heard()).toEqual([says('https://photos.example', first, second)]), WAIT)
})

it('gets what another server of its list has, and both speak in its document', async () => {
  const one = await serve({})
  const room = { url: `${one.url.replace('http', 'ws')}/sync`, document: 'room' }
  const two = await serve({ servers: [one.url], join: [room] })
  const hashes = [await put(one, 'one'), await put(one, 'two'), await put(two, 'three')].sort()
  await vi.waitFor(async () => expect(await listOf(two)).toEqual(hashes), WAIT)
  const member = join_(one)
  await vi.waitFor(() => expect(member.heard().length).toBe(2), WAIT)
})

// F-81 F-84
it('asks only the servers of its list, follows nobody elsewhere, and stores no wrong bytes', async () => {
  const evil = await listener((_, response) => response.end('evil'))
  const seen: IncomingHttpHeaders[] = []
  const good = hashOf('good')
  const redirected = hashOf('evil')
  const wrong = hashOf('expected')
  const listed = await listener((request, response) => {
    seen.push(request.headers)
    if (request.url?.endsWith(good) === true) return void response.end('good')
    if (request.url?.endsWith(wrong) === true) return void response.end('unexpected')
    response.writeHead(302, { location: `${evil.url}/blobs/${redirected}` }).end()
  })
  const server = await serve({ servers: [listed.url] })
  const { port } = evil
  const spellings = [
    evil.url, `http://localhost:${port}`, `http://0x7f.1:${port}`, `http://2130706433:${port}`, `http://[::ffff:127.0.0.1]:${port}`, `http://[::1]:${port}`,
    `http://127.1:${port}`, `${listed.url}@127.0.0.1:${port}`, `http://user:secret@127.0.0.1:${port}`, `//127.0.0.1:${port}`, `HTTP://127.0.0.1:${port}/`,
    'http://169.254.169.254/latest', 'file:///etc/passwd', `ftp://127.0.0.1:${port}`, `${listed.url}.evil.test:${port}`, `http://127.0.0.1:${port}#${listed.url}`,
  ]
  for (const url of spellings) join_(server).say(says(url, redirected))
  join_(server).say(says(listed.url, redirected, wrong, good))
  await vi.waitFor(async () => expect(await listOf(server)).toEqual([good]), WAIT)
  expect(evil.connections()).toBe(0)
  expect(seen.length).toBeGreaterThanOrEqual(3)
  for (const headers of seen) expect(Object.keys(headers).filter((name) => ['authorization', 'cookie', 'proxy-authorization'].includes(name))).toEqual([])
})

// F-82 F-85
it('passes on no state that is too large, and keeps on hearing the others', async () => {
  const server = await serve({})
  const [loud, honest, hearing] = [join_(server), join_(server), join_(server)]
  loud.say({ type: 'browser', blobHashes: Array.from({ length: 20_000 }, () => hashOf('x')) })
  honest.say({ type: 'browser', blobHashes: [hashOf('x')] })
  await vi.waitFor(() => expect(hearing.heard()).toContainEqual({ type: 'browser', blobHashes: [hashOf('x')] }), WAIT)
  // What the server said was passed on after what both said before.
  const hash = await put(server, 'later')
  await vi.waitFor(() => expect(JSON.stringify(hearing.heard())).toContain(hash), WAIT)
  expect(JSON.stringify(hearing.heard()).length).toBeLessThan(5_000)
})
