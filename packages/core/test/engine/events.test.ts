import { afterEach, describe, expect, it, vi } from 'vitest'
import { BseError, createSyncEngine, type SyncEvents } from '../../src/index.ts'
import { hashBlob } from '../../src/hash/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import type { BlobProvider, StateStore } from '../../src/provider/index.ts'
import { image, newDevice, openTab, schema, tabEnvironment, type Device, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
const track = (engine: TestEngine): TestEngine => {
  open.push(engine)
  return engine
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0
function tabOver(device: Device, remote: FakeRemote, blobs: Partial<BlobProvider>): TestEngine {
  const inner = fakeBlobs(remote)
  return track(createSyncEngine({
    name: `events-${(engines += 1)}`, schema, state: () => device.state('shared'), cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 },
    blobs: { ...inner, ...blobs }, data: fakeData(remote), environment: tabEnvironment(device), offline: { retryStrategy: { maxAttempts: 1 } },
  }))
}

type Seen = { readonly [Name in keyof SyncEvents]?: SyncEvents[Name][] }
function listen<Name extends keyof SyncEvents>(engine: TestEngine, ...names: readonly Name[]): Seen {
  const seen: Record<string, unknown[]> = {}
  for (const name of names) engine.on(name, (payload) => void (seen[name] ??= []).push(payload))
  return seen as Seen
}

/** Two tabs of one device; the first leads. */
async function twoTabs(open: (device: Device) => TestEngine): Promise<readonly [TestEngine, TestEngine]> {
  const device = newDevice()
  const first = open(device)
  await vi.waitFor(() => expect(first.status.getSnapshot().leads).toBe(true))
  const second = open(device)
  await second.ready
  return [first, second]
}

describe('every tab', () => {
  // R-145 R-146 X-009 X-013
  it('hears of the progress and the end of an upload, with a URL that gives its bytes', async () => {
    const remote = new FakeRemote()
    const tabs = await twoTabs((device) => track(openTab(device, remote)))
    const seen = tabs.map((tab) => listen(tab, 'uploadProgress', 'uploadComplete'))
    const file = image(9_000, 51)
    const photo = await tabs[1].photos.insert({ title: 'heard', image: file })
    for (const one of seen) {
      await vi.waitFor(() => expect(one.uploadComplete).toHaveLength(1))
      expect(one.uploadProgress).toContainEqual(expect.objectContaining({ id: photo.image.hash, progress: 1, size: 9_000 }))
      const complete = one.uploadComplete?.[0]
      expect(complete).toMatchObject({ id: photo.image.hash, rows: [{ table: 'photos', id: photo.id, column: 'image' }] })
      const loaded = await (await fetch(complete?.url ?? '')).blob()
      expect(loaded.type).toBe('image/jpeg')
      expect(await hashBlob(loaded)).toBe(photo.image.hash)
    }
  })

  // R-144 R-147 F-21
  it('hears of failures, and whether servers answer', async () => {
    const remote = new FakeRemote()
    const tabs = await twoTabs((device) => track(openTab(device, remote)))
    const seen = tabs.map((tab) => listen(tab, 'syncError', 'offline', 'online'))
    remote.fault = () => 'fail-before'
    const photo = await tabs[1].photos.insert({ title: 'cut', image: image(9_000, 52) })
    for (const one of seen) {
      await vi.waitFor(() => expect(one.offline).toHaveLength(1))
      const failure = { operation: { type: 'upload', id: photo.image.hash }, error: expect.objectContaining({ code: 'NETWORK' }) }
      await vi.waitFor(() => expect(one.syncError).toContainEqual(failure))
    }
    expect(tabs.map((tab) => tab.status.getSnapshot().online)).toEqual([false, false])
    remote.fault = () => 'pass'
    await tabs[1].offline.flush()
    for (const one of seen) await vi.waitFor(() => expect(one.online).toHaveLength(1))
  })

  // F-45
  it('hears of what is parked, by all of its rows', async () => {
    const remote = new FakeRemote()
    const data = fakeData(remote)
    const refusing: typeof data = {
      ...data,
      connect: async (context) => ({ ...(await data.connect(context)), push: async (mutations) => mutations.map(({ id }) => ({ id, is: 'rejected', code: 'NO_ROOM' })) }),
    }
    const tabs = await twoTabs((device) => track(createSyncEngine({
      name: `events-${(engines += 1)}`, schema, state: () => device.state('shared'), cache: { backend: () => device.cache('shared') },
      blobs: fakeBlobs(remote), data: refusing, environment: tabEnvironment(device), offline: { retryStrategy: { maxAttempts: 1 } },
    })))
    const seen = tabs.map((tab) => listen(tab, 'parked', 'syncError'))
    const ids = await tabs[0].batch(({ albums }) => [albums.insert({ title: 'a' }), albums.insert({ title: 'b' })])
    for (const one of seen) {
      await vi.waitFor(() => expect(one.parked).toHaveLength(1))
      expect(one.parked?.[0]).toMatchObject({ operation: { type: 'insert', rowId: ids[0] }, code: 'NO_ROOM', rows: ids.map((id) => ({ table: 'albums', id })) })
    }
    expect(seen[0]?.syncError?.[0]).toMatchObject({ error: { code: 'REJECTED', details: { reason: 'NO_ROOM' } } })
    // What was so before a tab opened is no event in it.
    await tabs[1].close()
    const late = listen(tabs[0], 'parked')
    expect(late.parked).toBeUndefined()
  })

  // F-8 F-20
  it('hears of bytes that nobody has any more', async () => {
    const remote = new FakeRemote()
    remote.fault = () => 'fail-before'
    const device = newDevice()
    const tabs = [track(openTab(device, remote)), track(openTab(device, remote))]
    const seen = tabs.map((tab) => listen(tab, 'blobLost'))
    const photo = await tabs[0]?.photos.insert({ title: 'mine', image: image(9_000, 53) })
    await device.cache('shared').delete(photo?.image.hash ?? 'sha256:')
    expect(await tabs[1]?.blobs.get(photo?.image.hash ?? 'sha256:')).toBeNull()
    for (const one of seen) {
      await vi.waitFor(() => expect(one.blobLost).toEqual([{ id: photo?.image.hash, rows: [{ table: 'photos', id: photo?.id, column: 'image' }] }]))
    }
  })
})

describe('every open tab', () => {
  // F-26
  it('hears that the browser has removed what was stored, and of how much no server had', async () => {
    const [remote, device] = [new FakeRemote(), newDevice()]
    let [inner, swap] = [device.state('shared'), (): void => undefined]
    const state: StateStore = {
      name: 'removable', durable: true, update: (...all) => inner.update(...all), get: (keys) => inner.get(keys), read: (...all) => inner.read(...all),
      async *watch(since, { signal }) {
        for (let from = since; !signal.aborted; from = undefined) {
          const removed = new AbortController()
          swap = () => removed.abort()
          yield* inner.watch(from, { signal: AbortSignal.any([signal, removed.signal]) })
        }
      },
      destroy: () => inner.destroy(), close: () => inner.close(),
    }
    const sync = track(createSyncEngine({
      name: `events-${(engines += 1)}`, schema, state: () => state, cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 },
      blobs: fakeBlobs(remote), data: fakeData(remote), environment: tabEnvironment(device),
    }))
    const seen = listen(sync, 'storageLost')
    await sync.albums.insert({ title: 'sent' }).synced
    remote.fault = () => 'fail-before'
    await sync.photos.insert({ title: 'not sent', image: image(9_000, 56) })
    expect(await sync.offline.pending()).toHaveLength(2)
    inner = newDevice().state('shared')
    swap()
    await vi.waitFor(() => expect(seen.storageLost).toEqual([{ part: 'state', mutations: 1, uploads: 1 }]))
    remote.fault = () => 'pass'
    await sync.albums.insert({ title: 'after' })
    await vi.waitFor(async () => expect((await sync.albums.where({}).get()).map(({ title }) => title).sort()).toEqual(['after', 'sent']), { timeout: 10_000 })
    expect(seen.storageLost).toHaveLength(1)
  })
})

describe('the URL of a finished upload', () => {
  //
  it('is that of the provider, where it has one', async () => {
    const remote = new FakeRemote()
    const sync = tabOver(newDevice(), remote, { url: async ({ hash }) => ({ url: `https://media.example/${hash}`, expiresAtMs: undefined }) })
    const seen = listen(sync, 'uploadComplete')
    const photo = await sync.photos.insert({ title: 'x', image: image(9_000, 54) })
    await vi.waitFor(() => expect(seen.uploadComplete?.[0]?.url).toBe(`https://media.example/${photo.image.hash}`))
  })

  //
  it('is that of the copy on this device, while the provider cannot give one', async () => {
    const sync = tabOver(newDevice(), new FakeRemote(), { url: () => Promise.reject(new BseError('NETWORK', 'test: away', { status: undefined })) })
    const seen = listen(sync, 'uploadComplete')
    await sync.photos.insert({ title: 'x', image: image(500, 55) })
    await vi.waitFor(() => expect(seen.uploadComplete?.[0]?.url).toMatch(/^blob:/))
  })

  it('is good for a hundred later ones, and until the engine is closed', async () => {
    const sync = tabOver(newDevice(), new FakeRemote(), {})
    const seen = listen(sync, 'uploadComplete')
    for (let seed = 0; seed < 101; seed++) await sync.photos.insert({ title: 'x', image: image(300 + seed, seed) })
    await vi.waitFor(() => expect(seen.uploadComplete).toHaveLength(101), { timeout: 10_000 })
    const urls = seen.uploadComplete?.map(({ url }) => url) ?? []
    const loads = (url: string | undefined): Promise<boolean> => fetch(url ?? '').then(() => true, () => false)
    expect([await loads(urls[0]), await loads(urls[1]), await loads(urls[100])]).toEqual([false, true, true])
    await sync.close()
    expect(await loads(urls[100])).toBe(false)
  })
})
