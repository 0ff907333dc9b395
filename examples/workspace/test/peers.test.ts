import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { blob, defineWorkspace, id, platformEnvironment, type Environment, type WorkspaceClient } from '@bse/core'
import { startServer, type PeerOptions, type RunningServer } from '@bse/server/node'
import { openDevice } from '../src/device.ts'

const workspace = defineWorkspace({ tables: { posts: { id: id(), coverImage: blob() } } })
type Client = WorkspaceClient<typeof workspace.schema>

const WAIT = { timeout: 90_000, interval: 100 }

/** The blobs that a device has been given, one by one. */
type Given = Map<string, number>

function countingEnvironment(given: Given): Environment {
  const environment = platformEnvironment()
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await environment.fetch(input, init)
    const hash = /\/blobs\/(sha256:\w+)$/.exec(String(input))?.[1]
    if (hash !== undefined && (init?.method ?? 'GET') === 'GET' && response.status === 200) given.set(hash, (given.get(hash) ?? 0) + 1)
    return response
  }
  return { ...environment, fetch }
}

interface Net {
  readonly directory: string
  readonly clients: Client[]
  readonly given: readonly Given[]
}

let nets = 0

async function listOf({ url }: RunningServer): Promise<readonly string[]> {
  const { blobs } = (await (await fetch(`${url}/blobs`)).json()) as { readonly blobs: readonly { readonly hash: string }[] }
  return blobs.map(({ hash }) => hash)
}

function openClient(net: Net, at: number, servers: readonly RunningServer[]): void {
  const [server = '', ...mirrors] = servers.map(({ url }) => url)
  const name = `peers-${nets}-${at}`
  net.clients[at] = openDevice(workspace, { name, server, mirrors, directory: join(net.directory, name), environment: countingEnvironment(net.given[at] ?? new Map()) })
}

// E-013 E-059
it('brings three devices and two servers to the same set, over disconnects and a server that restarts', async () => {
  nets += 1
  const net: Net = { directory: await mkdtemp(join(tmpdir(), 'bse-peers-')), clients: [], given: [new Map(), new Map(), new Map()] }
  const start = (name: string, peer: PeerOptions, port = 0): Promise<RunningServer> => startServer({ dataDirectory: join(net.directory, name), peer, port })
  const one = await start('server-one', {})
  const peerOfTwo: PeerOptions = { servers: [one.url], join: [{ url: `${one.url.replace('http', 'ws')}/sync`, document: 'workspace' }] }
  let two = await start('server-two', peerOfTwo)
  onTestFinished(async () => {
    await Promise.all(net.clients.map((client) => client.close()))
    await two.close()
    await one.close()
    await rm(net.directory, { recursive: true, force: true })
  })
  for (const at of [0, 1, 2]) openClient(net, at, [one, two])
  const put: string[] = []
  for (let n = 0; n < 12; n++) {
    const client = net.clients[n % 3]
    const bytes = new Uint8Array(500 + n * 9_000).fill(n)
    if (client !== undefined) put.push(await client.blobs.put(new Blob([bytes])))
    if (n === 3) await net.clients[1]?.close().then(() => openClient(net, 1, [one, two]))
    if (n === 5) await two.close()
    // A device that goes with what it has put, before anybody else has it.
    if (n === 8) await net.clients[2]?.close()
    if (n === 8) two = await start('server-two', peerOfTwo, two.port)
    if (n === 8) openClient(net, 2, [one, two])
  }
  // One that only a server was ever given.
  const only = new Blob(['only here'])
  const hash = `sha256:${Buffer.from(await crypto.subtle.digest('SHA-256', await only.arrayBuffer())).toString('hex')}`
  expect((await fetch(`${two.url}/blobs/${hash}`, { method: 'PUT', body: only })).status).toBe(201)
  const all = [...put, hash].sort()
  for (const client of net.clients) await vi.waitFor(async () => expect(await client.blobs.list()).toEqual(all), WAIT)
  for (const server of [one, two]) await vi.waitFor(async () => expect(await listOf(server)).toEqual(all), WAIT)
  const { subtle } = crypto
  for (const client of net.clients) {
    for (const name of all) {
      const bytes = await (await client.blobs.get(name))?.arrayBuffer()
      expect(Buffer.from(await subtle.digest('SHA-256', bytes ?? new ArrayBuffer(0))).toString('hex')).toBe(name.slice('sha256:'.length))
    }
  }
  // One that was closed may have been in the middle of it.
  net.given.forEach((given, at) => expect(Math.max(0, ...given.values())).toBeLessThanOrEqual(at === 0 ? 1 : 2))
}, 240_000)
