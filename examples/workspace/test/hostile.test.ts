import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HocuspocusProvider } from '@hocuspocus/provider'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Doc } from 'yjs'
import { blob, defineWorkspace, id, platformEnvironment, type Environment } from '@bse/core'
import { startServer } from '@bse/server/node'
import { openDevice } from '../src/device.ts'

const workspace = defineWorkspace({ tables: { posts: { id: id(), coverImage: blob() } } })
const WAIT = { timeout: 120_000, interval: 100 }
const FLOOD = 200

async function silentListener(): Promise<{ readonly port: number; readonly connections: () => number }> {
  let connections = 0
  const server = createServer()
  server.on('connection', () => (connections += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

function hostile(server: string): (state: unknown) => void {
  const provider = new HocuspocusProvider({ url: `${server.replace('http', 'ws')}/sync`, name: 'workspace', document: new Doc() })
  onTestFinished(() => provider.destroy())
  return (state) => provider.awareness?.setLocalStateField('blobs', state)
}

const fake = (n: number): string => `sha256:${n.toString(16).padStart(64, 'f')}`

// F-81 F-82 F-85
it('lets honest devices converge while others flood, speak in the name of a server, and name hosts of their own', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bse-hostile-'))
  const server = await startServer({ dataDirectory: join(directory, 'server'), peer: {} })
  const evil = await silentListener()
  const asked: string[] = []
  const environment = (): Environment => {
    const platform = platformEnvironment()
    return { ...platform, fetch: async (input, init) => {
      asked.push(String(input))
      return platform.fetch(input, init)
    } }
  }
  const [one, two] = ['one', 'two'].map((name) => openDevice(workspace, { name: `hostile-${name}`, server: server.url, directory: join(directory, name), environment: environment() }))
  if (one === undefined || two === undefined) throw new Error('no devices')
  onTestFinished(async () => {
    await Promise.all([one.close(), two.close()])
    await server.close()
    await rm(directory, { recursive: true, force: true })
  })
  const [loud, liar, luring] = [hostile(server.url), hostile(server.url), hostile(server.url)]
  await Promise.all([one.ready, two.ready])
  for (let n = 0; n < FLOOD; n++) {
    loud({ type: 'browser', blobHashes: Array.from({ length: n % 50 === 0 ? 20_000 : 500 }, (_, at) => fake(n * 500 + at)) })
    liar({ type: 'server', url: server.url, blobHashes: Array.from({ length: 100 }, (_, at) => fake(n * 100 + at)) })
    luring(JSON.parse(`{ "type": "server", "url": "http://0x7f.1:${evil.port}", "blobHashes": ["${fake(n)}"], "__proto__": { "polluted": true } }`))
    if (n === FLOOD / 2) await one.blobs.put(new Blob(['honest, in the middle of it']))
    if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const honest = await two.blobs.put(new Blob(['honest, at the end']))
  await vi.waitFor(async () => expect(await one.blobs.list()).toContain(honest), WAIT)
  await vi.waitFor(async () => expect(await two.blobs.list()).toEqual(await one.blobs.list()), WAIT)
  expect(await one.blobs.list()).toHaveLength(2)
  expect(evil.connections()).toBe(0)
  expect(asked.filter((url) => !url.startsWith(`${server.url}/`))).toEqual([])
  expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined()
}, 180_000)
