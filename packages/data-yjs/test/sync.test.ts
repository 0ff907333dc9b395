import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { DataDevice, dataTestContext, TestDataStorage } from '@bse/core/testing'
import { hocuspocusSync, yjsData } from '../src/index.ts'
import { CuttableProxy } from './support/cuttable-proxy.ts'
import { hocuspocusClient } from './support/hocuspocus-client.ts'
import { LocalReplica, mutation, op } from './support/local.ts'
import { RowsHost } from './support/rows-host.ts'
import { YjsHarness } from './support/yjs-harness.ts'

const WITHIN = { timeout: 20_000 }
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function host(options: Parameters<typeof RowsHost.open>[0] = {}): Promise<RowsHost> {
  const opened = await RowsHost.open(options)
  cleanups.push(() => opened.erase())
  return opened
}

async function replicaAt(port: number, token = ''): Promise<LocalReplica> {
  const doc = new Y.Doc()
  const replica = await LocalReplica.open(new TestDataStorage(), { doc, sync: () => hocuspocusSync(hocuspocusClient({ port, doc, token })) })
  cleanups.push(() => replica.connection.close())
  return replica
}

/** The error that ends a session of changes. */
async function endOf(replica: LocalReplica): Promise<unknown> {
  try {
    for await (const batch of replica.connection.changes({ cursor: undefined, awaiting: () => new Map(), signal: new AbortController().signal })) void batch
  } catch (error) {
    return error
  }
  return undefined
}

test('tells of a server that refuses the credentials, and stays usable', async () => {
  const { port } = await host({ authorize: ({ token }) => (token === 'good' ? 'write' : 'refuse') })
  const replica = await replicaAt(port, 'bad')
  expect(await endOf(replica)).toMatchObject({ code: 'UNAUTHORIZED' })
  expect(await replica.push(mutation(op('insert', 'r1', { title: 'kept here' })))).toEqual(['applied'])
  expect(await replica.rows()).toEqual({ r1: { title: 'kept here' } })
})

test('tells of a server that takes nothing, and takes nothing itself', async () => {
  const { port } = await host({ authorize: () => 'read' })
  const replica = await replicaAt(port)
  expect(await endOf(replica)).toMatchObject({ code: 'FORBIDDEN' })
  expect(await replica.push(mutation(op('insert', 'r1', { title: 'x' })))).toEqual(['FORBIDDEN'])
  expect(await replica.rows()).toEqual({})
})

test('confirms nothing that a read-only server did not take', async () => { // I2
  const { port } = await host({ authorize: () => 'read' })
  const doc = new Y.Doc()
  doc.getMap('bse:photos').set('r1', true)
  const sync = hocuspocusSync(hocuspocusClient({ port, doc }))
  cleanups.push(() => sync.close())
  await vi.waitFor(() => expect(sync.state).toMatchObject({ link: 'read-only', synced: true }))
  expect(sync.state.serverHasAll).toBe(false)
})

test('refuses a document whose name is no name', async () => {
  const { port } = await host()
  const doc = new Y.Doc()
  const sync = hocuspocusSync(hocuspocusClient({ port, doc, name: '../secrets' }))
  cleanups.push(() => sync.close())
  await vi.waitFor(() => expect(sync.state.link).toBe('refused'))
})

test.each([
  ['a name of a foreign site', { host: 'photos.example' }],
  ['a proxy that speaks for strangers', { 'x-forwarded-for': '203.0.113.9' }],
])('a server without authorize refuses %s', async (_what, headers) => { // F-70
  const { port } = await host()
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' }
  const status = await new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path: '/sync', headers: { ...upgrade, ...headers } }, (answer) => resolve(answer.statusCode))
    asked.on('upgrade', (answer) => resolve(answer.statusCode)).on('error', reject).end()
  })
  expect(status).toBe(403)
})

test('follows a provider that was connected before', async () => {
  const { port } = await host()
  const doc = new Y.Doc()
  const client = hocuspocusClient({ port, doc })
  await vi.waitFor(() => expect(client.isSynced).toBe(true))
  const sync = hocuspocusSync(client)
  cleanups.push(() => sync.close())
  await vi.waitFor(() => expect(sync.state).toEqual({ link: 'online', synced: true, serverHasAll: true }))
  doc.getMap('bse:photos').set('r1', true)
  expect(sync.state.serverHasAll).toBe(false)
  await vi.waitFor(() => expect(sync.state.serverHasAll).toBe(true))
})

test('tells core when the server is there and when it fell silent', async () => {
  const { port } = await host()
  const doc = new Y.Doc()
  const client = hocuspocusClient({ port, doc })
  const seen: boolean[] = []
  const connection = await yjsData({ doc, sync: () => hocuspocusSync(client) }).connect({
    ...dataTestContext(new TestDataStorage()), reachable: (isReachable) => seen.push(isReachable),
  })
  cleanups.push(() => connection.close())
  await vi.waitFor(() => expect(seen).toEqual([true]))
  const socket = client.configuration.websocketProvider
  socket.disconnect()
  await vi.waitFor(() => expect(seen).toEqual([true, false]))
  await socket.connect()
  await vi.waitFor(() => expect(seen).toEqual([true, false, true]))
})

test('notices an open socket that went silent, and confirms what was written meanwhile once it speaks again', async () => { // R-144 F-34
  const rows = await host()
  const proxy = await CuttableProxy.open(rows.port)
  cleanups.push(() => proxy.close())
  const doc = new Y.Doc()
  const client = hocuspocusClient({ port: proxy.port, doc, silentMs: 1_000 })
  const sync = hocuspocusSync(client)
  const seen: boolean[] = []
  const connection = await yjsData({ doc, sync: () => sync }).connect({ ...dataTestContext(new TestDataStorage()), reachable: (isReachable) => seen.push(isReachable) })
  cleanups.push(() => connection.close())
  await vi.waitFor(() => expect(sync.state.serverHasAll).toBe(true), WITHIN)
  proxy.silence()
  await connection.push([mutation(op('insert', 'r1', { title: 'in silence' }))], { signal: new AbortController().signal })
  expect(sync.state.serverHasAll).toBe(false)
  await vi.waitFor(() => expect(seen.at(-1)).toBe(false), WITHIN)
  proxy.restore()
  await vi.waitFor(() => expect([seen.at(-1), sync.state.serverHasAll]).toEqual([true, true]), WITHIN)
  const reader = await replicaAt(rows.port)
  await vi.waitFor(async () => expect(await reader.rows()).toEqual({ r1: { title: 'in silence' } }), WITHIN)
})

test('never says that the server has all while its disk has not', async () => { // I2
  const rows = await host()
  const doc = new Y.Doc()
  const client = hocuspocusClient({ port: rows.port, doc })
  const sync = hocuspocusSync(client)
  cleanups.push(() => sync.close())
  const map = doc.getMap<number>('bse:photos')
  const missing: string[] = []
  let claims = 0
  sync.subscribe(() => {
    if (!sync.state.serverHasAll) return
    claims += 1
    const file = join(rows.directory, 'rows.yjs')
    const disk = existsSync(file) ? readFileSync(file, 'latin1') : ''
    missing.push(...[...map.keys()].filter((key) => !disk.includes(key)))
  })
  // Written before, during and after each connection: these are what the provider's own counter miscounts.
  for (let n = 0; n < 300; n++) {
    map.set(`<cell-${n}>`, n)
    if (n % 50 === 25) client.configuration.websocketProvider.webSocket?.close()
    if (n % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
    if (n % 100 === 99) await vi.waitFor(() => expect(sync.state.serverHasAll).toBe(true))
  }
  expect(missing).toEqual([])
  expect(claims).toBeGreaterThanOrEqual(3)
})

test('stores and shows what comes by a second provider', async () => {
  const [first, second] = [await host(), await host()]
  const replica = await replicaAt(first.port)
  const side = hocuspocusSync(hocuspocusClient({ port: second.port, doc: replica.doc }))
  cleanups.push(() => side.close())
  const [nearFirst, nearSecond] = [await replicaAt(first.port), await replicaAt(second.port)]
  await nearFirst.push(mutation(op('insert', 'r1', { title: 'by the first' })))
  await nearSecond.push(mutation(op('insert', 'r2', { title: 'by the second' })))
  const both = { r1: { title: 'by the first' }, r2: { title: 'by the second' } }
  await vi.waitFor(async () => {
    for (const each of [replica, nearFirst, nearSecond]) expect(await each.rows()).toEqual(both)
  })
  await replica.connection.close()
  expect(await (await LocalReplica.open(replica.storage.forNextLeader())).rows()).toEqual(both)
})

test('sends after the server came back what it missed', async () => {
  const harness = await YjsHarness.open()
  cleanups.push(() => harness.close())
  const device = await new DataDevice(harness).start()
  cleanups.push(() => device.close())
  await device.cut()
  const ids = [await device.write(op('insert', 'r1', { title: 'one' })), await device.write(op('delete', 'r1')), await device.write(op('upsert', 'r2', { title: 'two' }))]
  await device.restart()
  expect(ids.map((id) => device.isConfirmed(id))).toEqual([false, false, false])
  await device.restore()
  for (const id of ids) await device.until(() => device.isConfirmed(id), 'it is confirmed')
  const late = await replicaAt(harness.host.port)
  await vi.waitFor(async () => expect(await late.rows()).toEqual({ r2: { title: 'two' } }))
})
