import { afterEach, expect, it, vi } from 'vitest'
import { blob, defineWorkspace, id, type WorkspaceClient } from '../../src/index.ts'
import { hashBlob } from '../../src/hash/index.ts'
import { FakeRemote } from '../../src/testing/index.ts'
import { SetDigest, type BlobHash } from '../../src/wire/index.ts'
import { image, newDevice, tabEnvironment, type Device } from '../engine/harness.ts'
import { announced, fakeServer, Hub, type FakeServer } from './hub.ts'

const workspace = defineWorkspace({ tables: { posts: { id: id(), image: blob() } } })
type Client = WorkspaceClient<typeof workspace.schema>

const WAIT = { timeout: 45_000, interval: 20 }
vi.setConfig({ testTimeout: 90_000 })
const open: Client[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
})

let tabs = 0

interface Net {
  readonly hub: Hub
  readonly a: FakeServer
  readonly b: FakeServer
}

function net(): Net {
  return { hub: new Hub(), a: fakeServer('http://a.test', new FakeRemote()), b: fakeServer('http://b.test', new FakeRemote()) }
}

function connect({ hub, a, b }: Net, device: Device = newDevice(), maxSize = 500_000_000): Client {
  const client = workspace.connect({
    name: `peer-${(tabs += 1)}`, state: () => device.state('shared'), cache: { backend: () => device.cache('shared'), maxSize },
    blobs: { primary: a.provider(), mirrors: [b.provider()] }, environment: tabEnvironment(device), peers: { presence: hub.presence(`tab-${tabs}`) },
  })
  open.push(client)
  return client
}

async function serve(server: FakeServer, bytes: Blob): Promise<BlobHash> {
  const hash = await hashBlob(bytes)
  server.remote.blobs.set(hash, bytes)
  return hash
}

const saidByDevices = (hub: Hub): readonly unknown[] => [...hub.said.values()].filter(({ type }) => type === 'browser')
const count = (server: FakeServer, call: string): number => server.calls.filter((one) => one === call).length

// E-030 E-056
it('announces what it has, when it has it', async () => {
  const { hub, ...rest } = net()
  const client = connect({ hub, ...rest })
  await vi.waitFor(() => expect(saidByDevices(hub)).toEqual([{ type: 'browser', blobHashes: [] }]), WAIT)
  const hash = await client.blobs.put(image(70_000))
  await vi.waitFor(() => expect(saidByDevices(hub)).toEqual([{ type: 'browser', blobHashes: [hash] }]), WAIT)
  await client.close()
  expect(saidByDevices(hub)).toEqual([])
})

// E-031 E-032 E-081
it('fetches once what a server says to have, although no row names it', async () => {
  const all = net()
  const client = connect(all)
  await client.ready
  const hash = await serve(all.b, image(60_000))
  all.a.announce(all.hub)
  all.b.announce(all.hub)
  await vi.waitFor(async () => expect(await client.blobs.has(hash)).toBe(true), WAIT)
  expect(all.b.calls.filter((call) => call.startsWith('open'))).toEqual([`open ${hash}`])
  // The one that says to have it is asked first.
  expect(count(all.a, `open ${hash}`)).toBe(0)
})

// E-083 X-006
it('sends a server what it lacks, and keeps it until then', async () => {
  const all = net()
  const hash = await serve(all.a, image(50_000))
  const client = connect(all)
  all.a.announce(all.hub)
  all.b.announce(all.hub)
  await vi.waitFor(() => expect(all.b.remote.blobs.has(hash)).toBe(true), WAIT)
  const put = await client.blobs.put(image(40_000, 4))
  await vi.waitFor(() => expect([all.a, all.b].map(({ remote }) => remote.blobs.has(put))).toEqual([true, true]), WAIT)
  expect([count(all.a, `upload ${put}`), count(all.b, `upload ${put}`), count(all.b, `upload ${hash}`)]).toEqual([1, 1, 1])
})

it('sends nothing to a server whose word is old', async () => {
  const all = net()
  const client = connect(all)
  const hash = await client.blobs.put(image(50_000))
  await vi.waitFor(() => expect(all.b.remote.blobs.has(hash) && all.a.remote.blobs.has(hash)).toBe(true), WAIT)
  all.hub.say(all.a.url, announced(all.a.url, []))
  const other = await serve(all.a, image(30_000, 9))
  all.hub.say('http://a.test/blobs', announced(all.a.url, [other]))
  await vi.waitFor(async () => expect(await client.blobs.has(other)).toBe(true), WAIT)
  expect(count(all.a, `upload ${hash}`)).toBe(1)
})

//
it('does not fetch back what was let go of, not even after a restart, and says no longer that it has it', async () => {
  const all = net()
  const device = newDevice()
  const before = connect(all, device)
  const hash = await serve(all.a, image(60_000))
  all.a.announce(all.hub)
  await vi.waitFor(() => expect(saidByDevices(all.hub)).toEqual([{ type: 'browser', blobHashes: [hash] }]), WAIT)
  expect((await before.sync.cache.evict(hash)).evicted).toHaveLength(1)
  await vi.waitFor(() => expect(saidByDevices(all.hub)).toEqual([{ type: 'browser', blobHashes: [] }]), WAIT)
  await before.close()
  const client = connect(all, device)
  // A later one is fetched, so the announcement was looked at again.
  const later = await serve(all.a, image(60_000, 2))
  all.a.announce(all.hub)
  await vi.waitFor(async () => expect(await client.blobs.has(later)).toBe(true), WAIT)
  expect(await client.blobs.has(hash)).toBe(false)
  expect(count(all.a, `open ${hash}`)).toBe(1)
  expect((await client.blobs.get(hash))?.size).toBe(60_000)
})

//
it('speaks with one voice for all tabs of a device, and goes on when the first one closes', async () => {
  const all = net()
  const device = newDevice()
  const first = connect(all, device)
  await vi.waitFor(() => expect(saidByDevices(all.hub)).toHaveLength(1), WAIT)
  const second = connect(all, device)
  await second.ready
  const hash = await second.blobs.put(image(70_000))
  await vi.waitFor(() => expect(saidByDevices(all.hub)).toEqual([{ type: 'browser', blobHashes: [hash] }]), WAIT)
  await vi.waitFor(() => expect(all.a.remote.blobs.has(hash)).toBe(true), WAIT)
  expect(count(all.a, `upload ${hash}`)).toBe(1)
  await first.close()
  await vi.waitFor(() => expect(saidByDevices(all.hub)).toEqual([{ type: 'browser', blobHashes: [hash] }]), WAIT)
})

// F-83 F-84
it('asks another server where one lies or sends other bytes, and keeps nothing of those', async () => {
  const all = net()
  all.a.wrongBytes = true
  const client = connect(all)
  const hashes = [await serve(all.b, image(60_000, 1)), await serve(all.b, image(60_000, 2)), await serve(all.b, image(60_000, 3))]
  // It names them all, and has none.
  all.hub.say(all.a.url, announced(all.a.url, hashes))
  all.b.announce(all.hub)
  await vi.waitFor(async () => expect((await client.blobs.list()).length).toBe(3), WAIT)
  for (const hash of hashes) expect(await hashBlob((await client.blobs.get(hash)) ?? new Blob())).toBe(hash)
  // Two may have been asked for before the first wrong bytes were seen; never again from then on.
  expect(all.a.calls.filter((call) => call.startsWith('open')).length).toBeLessThanOrEqual(2)
  // Alone it gives an error in the end, not wrong bytes.
  const nobodys: BlobHash = `sha256:${'4'.repeat(64)}`
  expect(await client.blobs.tryGet(nobodys)).toMatchObject({ data: null, error: { code: 'HASH_MISMATCH' } })
})

// F-81
it('asks nobody but the servers of its configuration, whatever is announced', async () => {
  const all = net()
  const foreign = fakeServer('http://evil.test', new FakeRemote())
  const client = connect(all)
  const hash = await serve(foreign, image(20_000))
  foreign.announce(all.hub)
  for (const url of ['http://a.test@evil.test', 'http://evil.test/a.test', 'file:///blobs', 'http://a.test:81', 'http://x:y@a.test', 'ftp://a.test', 'no url']) all.hub.say(url, announced(url, [hash]))
  const mine = await serve(all.a, image(30_000, 5))
  all.a.announce(all.hub)
  await vi.waitFor(async () => expect(await client.blobs.list()).toEqual([mine]), WAIT)
  expect(foreign.calls).toEqual([])
  expect([...all.a.calls, ...all.b.calls].filter((call) => call.endsWith(hash))).toEqual([])
})

// E-036
it('compares large sets by their digest, and reads a list only where the last that came do not explain the difference', async () => {
  const all = net()
  const client = connect(all)
  const first = await serve(all.a, image(20_000, 1))
  const second = await serve(all.a, image(20_000, 2))
  // As a server with a large set would say it: the digest of all, and the last one only.
  const say = (hashes: readonly BlobHash[], recent: readonly BlobHash[]): void => {
    all.hub.say(all.a.url, { type: 'server', url: all.a.url, blobHashes: recent, count: hashes.length, root: SetDigest.of(hashes).toHex() })
  }
  say([first], [first])
  await vi.waitFor(async () => expect(await client.blobs.list()).toEqual([first]), WAIT)
  expect(count(all.a, 'list')).toBe(0)
  const third = await serve(all.a, image(20_000, 3))
  say([first, second, third], [third])
  await vi.waitFor(async () => expect(await client.blobs.list()).toEqual([first, second, third].sort()), WAIT)
  expect(count(all.a, 'list')).toBe(1)
})

// E-101
it('takes nothing away from peers when a row or a copy of a device goes', async () => {
  const all = net()
  const client = connect(all)
  const hash = await client.blobs.put(image(70_000))
  await client.tables.posts.upsert({ id: 'p1', image: hash }).synced
  await client.tables.posts.delete({ id: 'p1' }).synced
  await client.sync.cache.clear()
  await client.blobs.put(image(10, 3))
  await vi.waitFor(() => expect(all.b.remote.blobs.size).toBe(2), WAIT)
  expect([all.a.remote.blobs.has(hash), all.b.remote.blobs.has(hash)]).toEqual([true, true])
})
