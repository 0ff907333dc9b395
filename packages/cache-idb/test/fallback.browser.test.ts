import { opfsCache } from '@bse/cache-opfs'
import { createSyncEngine, type StorageFallback, type SyncEngine } from '@bse/core'
import { FakeRemote, fakeBlobs, fakeData, randomBytes } from '@bse/core/testing'
import { openDB } from 'idb'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { idbCache } from '../src/index.ts'
import { counts, databaseOf } from './tools.ts'

const schema = { photos: { id: 'uuid', title: 'string', image: { type: 'blob' } } } as const

interface Opened {
  readonly sync: SyncEngine<typeof schema>
  readonly fallbacks: readonly StorageFallback[]
}

const engines: { close(): Promise<void> }[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  for (const engine of engines.splice(0)) await engine.close()
})

/** The engine as an app configures it, over the browser's own storage. */
function open(name: string, remote: FakeRemote): Opened {
  const sync = createSyncEngine({ name, schema, cache: { backend: [opfsCache(), idbCache()] }, blobs: fakeBlobs(remote), data: fakeData(remote) })
  engines.push(sync)
  const fallbacks: StorageFallback[] = []
  sync.on('storageFallback', (fallback) => fallbacks.push(fallback))
  return { sync, fallbacks }
}

function freshName(): string {
  const name = `test-${crypto.randomUUID()}`
  onTestFinished(() => {
    for (const database of [`bse:${name}`, databaseOf(name)]) indexedDB.deleteDatabase(database)
  })
  return name
}

function image(): Blob {
  return new Blob([randomBytes(200_000)], { type: 'image/jpeg' })
}

/** An older browser. */
function withoutOpfs(): void {
  const own = Object.getOwnPropertyDescriptor(StorageManager.prototype, 'getDirectory') ?? {}
  Reflect.deleteProperty(StorageManager.prototype, 'getDirectory')
  onTestFinished(() => void Object.defineProperty(StorageManager.prototype, 'getDirectory', own))
}

function deny(): never {
  throw new DOMException('denied', 'SecurityError')
}

// R-171 F-31
it('keeps bytes in IndexedDB where there is no origin private file system', async () => {
  withoutOpfs()
  const [name, remote, blob] = [freshName(), new FakeRemote(), image()]
  remote.fault = () => 'fail-before'
  const first = open(name, remote)
  const photo = await first.sync.photos.insert({ title: 'beach', image: blob })
  expect(first.fallbacks).toMatchObject([{ part: 'cache', from: 'opfs', to: 'idb', durable: true, error: { code: 'STORAGE_FAILED' } }])
  expect(first.sync.status.getSnapshot().durable).toBe(true)
  expect(await counts(name)).toEqual({ blobs: 1, staging: 0, chunks: 1 })
  await first.sync.close()

  remote.fault = () => 'pass'
  const second = open(name, remote)
  await vi.waitFor(async () => expect(await second.sync.offline.pending()).toEqual([]), { timeout: 10_000 })
  expect(await remote.blobs.get(photo.image.hash)?.arrayBuffer()).toEqual(await blob.arrayBuffer())
})

//
it('stays with IndexedDB when the browser learns of the file system later', async () => {
  const [name, remote] = [freshName(), new FakeRemote()]
  remote.fault = () => 'fail-before'
  vi.spyOn(StorageManager.prototype, 'getDirectory').mockRejectedValue(new DOMException('denied', 'SecurityError'))
  const first = open(name, remote)
  const photo = await first.sync.photos.insert({ title: 'beach', image: image() })
  await first.sync.close()
  vi.restoreAllMocks()

  const second = open(name, remote)
  expect((await second.sync.blobs.get(photo.image))?.size).toBe(200_000)
  expect(second.fallbacks).toEqual([])
})

// F-31
it('works in memory, and says so, where the browser refuses all storage', async () => {
  vi.spyOn(indexedDB, 'open').mockImplementation(deny)
  vi.spyOn(StorageManager.prototype, 'getDirectory').mockRejectedValue(new DOMException('denied', 'SecurityError'))
  const [name, remote, blob] = [freshName(), new FakeRemote(), image()]
  // Another window of this app has the lead. It cannot see what is in this one's memory, so nothing may wait for it.
  const otherWindow = Promise.withResolvers<void>()
  void navigator.locks.request(`bse/${name}/leader`, () => otherWindow.promise)
  onTestFinished(() => otherWindow.resolve())

  const { sync, fallbacks } = open(name, remote)
  const write = sync.photos.insert({ title: 'beach', image: blob })
  const photo = await write
  expect(sync.status.getSnapshot().durable).toBe(false)
  const denied = { durable: false, to: 'memory', error: { code: 'STORAGE_FAILED', cause: { name: 'SecurityError' } } }
  expect(fallbacks).toMatchObject([{ part: 'state', from: 'idb', ...denied }, { part: 'cache', from: 'opfs', ...denied }])
  await write.synced
  expect(await remote.blobs.get(photo.image.hash)?.arrayBuffer()).toEqual(await blob.arrayBuffer())
})

// F-31: bytes whose record goes with the page must not stay on the disk.
it('leaves nothing in the file system when IndexedDB alone is refused', async () => {
  vi.spyOn(indexedDB, 'open').mockImplementation(deny)
  const [name, remote] = [freshName(), new FakeRemote()]
  const { sync } = open(name, remote)
  await sync.photos.insert({ title: 'beach', image: image() })
  const root = await navigator.storage.getDirectory()
  const bse = await root.getDirectoryHandle('bse', { create: true })
  await expect(bse.getDirectoryHandle(name)).rejects.toMatchObject({ name: 'NotFoundError' })
})

// F-10 F-31
it('does not take a database that is too new for a refusal', async () => {
  const name = freshName()
  const newer = await openDB(`bse:${name}`, 99)
  newer.close()
  const { sync, fallbacks } = open(name, new FakeRemote())
  await expect(sync.ready).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW' })
  await expect(sync.photos.insert({ title: 'beach', image: image() })).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW' })
  expect(fallbacks).toEqual([])
})
