import { describe, expect, it } from 'vitest'
import { blobLocks } from '../../src/cache/locks.ts'
import type { FetchDeps } from '../../src/cache/fetch.ts'
import { CacheManager } from '../../src/cache/manager.ts'
import { BseError } from '../../src/errors.ts'
import { hashBlob } from '../../src/hash/index.ts'
import { changeEntry, readEntry } from '../../src/ledger/ledger.ts'
import { memoryCache, memoryLocks, memoryState } from '../../src/memory/index.ts'
import type { StateStore } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, randomBytes, sameBytes, bytesOf } from '../../src/testing/index.ts'
import type { BlobHash } from '../../src/wire/index.ts'

interface Subject {
  readonly cache: CacheManager
  readonly state: StateStore
  readonly store: ReturnType<ReturnType<typeof memoryCache>>
  readonly blob: Blob
  readonly hash: BlobHash
}

/** A device beside a server that has one large blob. */
async function subject(options: Partial<FetchDeps> = {}): Promise<Subject> {
  const [state, remote, store] = [memoryState()('fetch'), new FakeRemote(), memoryCache()('fetch')]
  const blob = new Blob([randomBytes(3_000)])
  const hash = await hashBlob(blob)
  remote.blobs.set(hash, blob)
  const cache = new CacheManager({
    store, state, locks: blobLocks(memoryLocks(), 'fetch'), references: { count: () => 1 }, inlineMaxBytes: 100, tabId: 'tab', registered: async () => undefined,
    source: fakeBlobs(remote), remoteId: 'r', onUse: () => undefined, onFileGone: () => undefined, makeRoom: async () => 0, makeRoomForFetch: async () => 0, pinnedBytes: () => 0, ...options,
  })
  return { cache, state, store, blob, hash }
}

const open = ({ cache, hash, blob }: Subject): Promise<Blob> => cache.open({ hash, sizeBytes: blob.size, type: '' }, new AbortController().signal)

/** A state in which the update that would make bytes `present` finds no room. */
function fullAtTheEnd(inner: StateStore, isFull: () => boolean): StateStore {
  let updates = 0
  return {
    ...inner,
    update: (read, decide, options) => {
      updates += 1
      if (isFull() && updates === 2) return Promise.reject(new BseError('STORAGE_FULL', 'full', { neededBytes: undefined, availableBytes: 0 }))
      return inner.update(read, decide, options)
    },
  }
}

describe('a fetch', () => {
  // F-7 F-1
  it('leaves a record of what it published when it cannot finish', async () => {
    const state = memoryState()('full')
    const world = await subject({ state: fullAtTheEnd(state, () => true) })
    await expect(open(world)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(await world.store.get(world.hash)).toBeDefined()
    expect((await readEntry(state, world.hash))?.local).toBe('staged')
  })

  // F-52 F-54
  it('ends a body that goes on behind the size of the blob, and keeps nothing of it', async () => {
    let [given, wasCancelled] = [0, false]
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        given += 1_000
        controller.enqueue(new Uint8Array(1_000))
      },
      cancel: () => {
        wasCancelled = true
      },
    })
    const source = { ...fakeBlobs(new FakeRemote()), open: async () => ({ body: endless, sizeBytes: undefined, range: undefined }) }
    const world = await subject({ source })
    await expect(open(world)).rejects.toMatchObject({ code: 'HASH_MISMATCH' })
    await expect.poll(() => wasCancelled).toBe(true)
    expect(given).toBeLessThan(10 * world.blob.size)
    expect(await world.store.get(world.hash)).toBeUndefined()
  })

  // F-86
  it('puts a good copy in the place of a bad one that was lost', async () => {
    const world = await subject()
    const rotten = await world.store.stage(new Blob(['rotten']))
    await world.store.publish({ ...rotten, hash: world.hash })
    await changeEntry(world.state, { hash: world.hash, sizeBytes: 3_000, type: '' }, (entry) => ({ ...entry, local: 'lost' }), { durability: 'relaxed' })
    expect(sameBytes(await bytesOf(await open(world)), await bytesOf(world.blob))).toBe(true)
    expect(await hashBlob((await world.store.get(world.hash)) ?? new Blob())).toBe(world.hash)
  })

  // F-2
  it('stages nothing before this tab has its record', async () => {
    const registered = Promise.withResolvers<void>()
    const world = await subject({ registered: () => registered.promise })
    const opening = open(world)
    const staged: string[] = []
    await world.store.sweep((stageId) => staged.push(stageId) > 0)
    expect(staged).toEqual([])
    expect(await world.store.get(world.hash)).toBeUndefined()
    registered.resolve()
    expect((await opening).size).toBe(3_000)
  })
})
