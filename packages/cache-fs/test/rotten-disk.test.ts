import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createSyncEngine, platformEnvironment, type BlobRef, type SyncEngine } from '@bse/core'
import { memoryLocks, memoryState } from '@bse/core/memory'
import { FakeRemote, fakeBlobs, fakeData, randomBytes, sha256Of } from '@bse/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openDirectoryStore } from '../src/index.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const FILES = 1_000
const SIZE = 2_000
const schema = { photos: { id: 'string', image: { type: 'blob' } } } as const

type Sync = SyncEngine<typeof schema>

const engines: Sync[] = []
afterEach(async () => {
  for (const sync of engines.splice(0)) await sync.close()
})

interface Device {
  readonly directory: string
  readonly remote: FakeRemote
  /** The rows of bytes that were told lost. */
  readonly lost: string[]
  /** A start of the app on this device; its records are gone when asked for. */
  start(options?: { readonly wiped: boolean }): Promise<Sync>
}

async function newDevice(): Promise<Device> {
  const directory = await temporaryDirectory()
  const remote = new FakeRemote()
  const locks = memoryLocks()
  const lost: string[] = []
  let state = memoryState()
  return {
    directory,
    lost,
    remote,
    start: async ({ wiped } = { wiped: false }) => {
      if (wiped) state = memoryState()
      const sync = createSyncEngine({
        name: `rot-${engines.length}`,
        schema,
        state: () => state('device'),
        cache: { backend: () => openDirectoryStore(directory), inlineMaxBytes: 0 },
        blobs: fakeBlobs(remote),
        data: fakeData(remote),
        environment: { ...platformEnvironment(), locks },
      })
      engines.push(sync)
      sync.on('blobLost', ({ rows }) => lost.push(...rows.map(({ id }) => id)))
      await sync.ready
      return sync
    },
  }
}

/** Photos of somebody else. */
async function receive(remote: FakeRemote, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const bytes = randomBytes(SIZE)
    const hash = await sha256Of(bytes)
    remote.blobs.set(hash, new Blob([bytes]))
    remote.write({ kind: 'insert', table: 'photos', rowId: `p${n}`, values: { id: `p${n}`, image: { hash, sizeBytes: SIZE, type: 'image/png' } }, previous: null })
  }
}

/** One bit of each file, at another place in each. */
async function flipBits(directory: string): Promise<number> {
  const names = await readdir(join(directory, 'blobs'))
  for (const [n, name] of names.entries()) {
    const file = await open(join(directory, 'blobs', name), 'r+')
    const at = (n * 37) % SIZE
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at)
    buffer[0] = (buffer[0] ?? 0) ^ (1 << (n % 8))
    await file.write(buffer, 0, 1, at)
    await file.close()
  }
  return names.length
}

async function images(sync: Sync, count: number): Promise<readonly BlobRef[]> {
  await vi.waitFor(async () => expect(await sync.photos.count()).toBe(count), { timeout: 10_000 })
  return (await sync.photos.where({}).get()).map(({ image }) => image)
}

describe('a disk that rots', () => {
  // F-36
  it('has every one of 1,000 flipped bits found, hands out none of them, and is mended from the server', { timeout: 60_000 }, async () => {
    const { directory, remote, start } = await newDevice()
    await receive(remote, FILES)
    const before = await start()
    await images(before, FILES)
    expect(await before.cache.prefetch(before.photos.where({}))).toMatchObject({ fetched: FILES })
    await before.close()
    expect(await flipBits(directory)).toBe(FILES)

    const sync = await start()
    const refs = await images(sync, FILES)
    remote.fault = (call) => (call === 'open' ? 'fail-before' : 'pass')
    const handedOut = await Promise.all(refs.map((ref) => sync.blobs.get(ref)))
    expect(handedOut.filter((blob) => blob !== null)).toEqual([])
    expect(await readdir(join(directory, 'blobs'))).toEqual([])
    remote.fault = () => 'pass'
    for (const ref of refs.slice(0, 50)) {
      const blob = await sync.blobs.get(ref)
      expect(blob === null ? null : await sha256Of(new Uint8Array(await blob.arrayBuffer()))).toBe(ref.hash)
    }
  })

  // F-36: files that outlived the records of them.
  it('takes over files that outlived their records where they are right, and replaces those that are not', { timeout: 60_000 }, async () => {
    const { directory, remote, start } = await newDevice()
    await receive(remote, 20)
    const before = await start()
    await images(before, 20)
    await before.cache.prefetch(before.photos.where({}))
    await before.close()
    await flipBits(directory)

    const sync = await start({ wiped: true })
    for (const ref of await images(sync, 20)) {
      const blob = await sync.blobs.get(ref)
      expect(blob === null ? null : await sha256Of(new Uint8Array(await blob.arrayBuffer()))).toBe(ref.hash)
    }
    expect((await sync.cache.stats()).items).toBe(20)
  })

  // the person has the photo still, and inserts it again.
  it('keeps a good copy that is brought in over a rotten one', async () => {
    const { directory, remote, start } = await newDevice()
    remote.fault = () => 'fail-before'
    const photo = new Blob([randomBytes(SIZE)], { type: 'image/png' })
    const before = await start()
    await before.photos.insert({ id: 'first', image: photo })
    await before.close()
    await flipBits(directory)

    const sync = await start()
    const { image } = await sync.photos.insert({ id: 'second', image: photo })
    const kept = await sync.blobs.get(image)
    expect(kept === null ? null : await sha256Of(new Uint8Array(await kept.arrayBuffer()))).toBe(image.hash)
    remote.fault = () => 'pass'
  })
})

describe('a disk that is emptied under the records', () => {
  // F-8 F-20 X-007
  it('says of bytes that no server had that they are lost, keeps their row, and fetches all others again', async () => {
    const { directory, remote, lost, start } = await newDevice()
    await receive(remote, 20)
    const before = await start()
    await images(before, 20)
    await before.cache.prefetch(before.photos.where({}))
    remote.fault = () => 'fail-before'
    await before.photos.insert({ id: 'mine alone', image: new Blob([randomBytes(SIZE)], { type: 'image/png' }) })
    await before.close()
    await rm(join(directory, 'blobs'), { recursive: true })

    const sync = await start()
    remote.fault = () => 'pass'
    const refs = await images(sync, 21)
    await vi.waitFor(() => expect(lost).toEqual(['mine alone']))
    const mine = await sync.photos.get('mine alone')
    expect(await sync.offline.pending()).toContainEqual(expect.objectContaining({ type: 'upload', id: mine?.image.hash, state: 'lost' }))
    const handedOut = await Promise.all(refs.map((ref) => sync.blobs.get(ref)))
    expect(handedOut.filter((blob) => blob?.size === SIZE)).toHaveLength(20)
    expect((await sync.cache.stats()).items).toBe(20)
  })
})
