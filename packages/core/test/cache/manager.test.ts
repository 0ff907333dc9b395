import { describe, expect, it, vi } from 'vitest'
import { blobLocks } from '../../src/cache/locks.ts'
import { CacheManager } from '../../src/cache/manager.ts'
import { hashBlob } from '../../src/hash/index.ts'
import { withClaim, withLocal, withoutClaim, withRemote } from '../../src/ledger/entry.ts'
import { changeEntry, readEntry } from '../../src/ledger/ledger.ts'
import { memoryCache, memoryLocks, memoryState } from '../../src/memory/index.ts'
import { BseError, type BlobSource, type CacheStore, type StateStore } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, randomBytes } from '../../src/testing/index.ts'
import type { BlobHash } from '../../src/wire/index.ts'

const RELAXED = { durability: 'relaxed' } as const
const never = new AbortController().signal

interface Subject {
  readonly cache: CacheManager
  readonly state: StateStore
  readonly store: CacheStore
  readonly remote: FakeRemote
  /** What rows name. */
  readonly named: Set<BlobHash>
  readonly locks: ReturnType<typeof memoryLocks>
}

function subject(
  wrap: (store: CacheStore) => CacheStore = (store) => store,
  sourceOf: (source: BlobSource) => BlobSource = (source) => source,
  makeRoomForFetch: (neededBytes: number) => Promise<number> = async () => 0,
): Subject {
  const [state, remote, locks] = [memoryState()('cache'), new FakeRemote(), memoryLocks()]
  const store = wrap(memoryCache()('cache'))
  const named = new Set<BlobHash>()
  const cache = new CacheManager({
    store, state, locks: blobLocks(locks, 'cache'), references: { count: (hash) => (named.has(hash) ? 1 : 0) }, inlineMaxBytes: 100, tabId: 'tab', registered: async () => undefined,
    source: sourceOf(fakeBlobs(remote)), remoteId: 'r', onUse: () => undefined, onFileGone: () => undefined, makeRoom: async () => 0, makeRoomForFetch, pinnedBytes: () => 0,
  })
  return { cache, state, store, remote, named, locks }
}

/** What a committed write leaves: bytes here, claimed, owed to the remote. */
async function commit({ cache, state, named }: Subject, blob: Blob): Promise<BlobHash> {
  const ingested = await cache.ingest([blob], never)
  await ingested.publish()
  const [one] = ingested.blobs
  if (one === undefined) throw new Error('nothing was ingested')
  await changeEntry(state, one, (entry) => withClaim(withLocal(entry, 'claimCommit', true), 'm1', { remoteIds: ['r'] }, true), RELAXED)
  ingested.release()
  named.add(one.hash)
  return one.hash
}

async function store(world: Subject, hash: BlobHash): Promise<void> {
  const entry = await readEntry(world.state, hash)
  if (entry === undefined) throw new Error('no entry')
  await changeEntry(world.state, entry, (now) => withoutClaim(withRemote(now, 'r', 'ack', true), 'm1', true), RELAXED)
}

/** Replaces bytes under a hash behind the manager's back, as a bad disk or another program would. */
function rotting(rotten: Map<string, Blob | undefined>): (store: CacheStore) => CacheStore {
  return (inner) => ({
    ...inner,
    get: async (hash) => (rotten.has(hash) ? rotten.get(hash) : inner.get(hash)),
    delete: async (hash) => {
      rotten.delete(hash)
      return inner.delete(hash)
    },
  })
}

describe('the cache manager', () => {
  // without an engine around it, over any two stores
  it('gives back the bytes that it took in', async () => {
    const world = subject()
    const blob = new Blob([randomBytes(5_000)])
    const hash = await commit(world, blob)
    expect(hash).toBe(await hashBlob(blob))
    expect(await (await world.cache.local(hash))?.arrayBuffer()).toEqual(await blob.arrayBuffer())
  })

  it('removes what a write brought in and never committed', async () => {
    const world = subject()
    const ingested = await world.cache.ingest([new Blob([randomBytes(5_000)])], never)
    await ingested.publish()
    const hash = ingested.blobs[0]?.hash ?? ('' as BlobHash)
    expect(await world.store.get(hash)).toBeDefined()
    ingested.release()
    await world.cache.reclaim(hash)
    expect(await world.store.get(hash)).toBeUndefined()
    expect((await readEntry(world.state, hash))?.local).toBe('absent')
  })

  it('names no bytes before their turn, and drops them when it never comes', async () => {
    const world = subject()
    const ingested = await world.cache.ingest([new Blob([randomBytes(5_000)])], never)
    const hash = ingested.blobs[0]?.hash ?? ('' as BlobHash)
    expect(await world.store.get(hash)).toBeUndefined()
    expect(await readEntry(world.state, hash)).toBeUndefined()
    await ingested.drop()
    const staged: string[] = []
    await world.store.sweep((stageId) => staged.push(stageId) > 0)
    expect(staged).toEqual([])
  })

  it('does not reclaim bytes that a living write is about to commit', async () => {
    const world = subject()
    const ingested = await world.cache.ingest([new Blob([randomBytes(5_000)])], never)
    await ingested.publish()
    const [one] = ingested.blobs
    if (one === undefined) throw new Error('nothing was ingested')
    const reclaiming = world.cache.reclaim(one.hash)
    await changeEntry(world.state, one, (entry) => withClaim(withLocal(entry, 'claimCommit', true), 'm1', { remoteIds: ['r'] }, true), RELAXED)
    ingested.release()
    await reclaiming
    expect(await world.store.get(one.hash)).toBeDefined()
  })

  it('brings in two writes with the same blobs in any order without a deadlock', async () => {
    const world = subject()
    const [a, b] = [new Blob([randomBytes(3_000)]), new Blob([randomBytes(3_000)])]
    const both = await Promise.all([[a, b], [b, a], [a, a]].map(async (sources) => {
      const ingested = await world.cache.ingest(sources, never)
      await ingested.publish()
      ingested.release()
      return ingested.blobs.map(({ hash }) => hash)
    }))
    const [first, second] = [await hashBlob(a), await hashBlob(b)]
    expect(both).toEqual([[first, second], [second, first], [first, first]])
  })

  // E-022 F-52
  it('fetches what is not here, and keeps nothing whose hash is wrong', async () => {
    const world = subject()
    const [large, small] = [new Blob([randomBytes(5_000)]), new Blob([randomBytes(50)])]
    for (const blob of [large, small]) {
      const hash = await hashBlob(blob)
      world.remote.blobs.set(hash, blob)
      const ref = { hash, sizeBytes: blob.size, type: '' }
      expect(await (await world.cache.open(ref, never)).arrayBuffer()).toEqual(await blob.arrayBuffer())
      const other = await hashBlob(new Blob([blob, 'x']))
      world.remote.blobs.set(other, blob)
      await expect(world.cache.open({ ...ref, hash: other }, never)).rejects.toMatchObject({ code: 'HASH_MISMATCH' })
      expect(await world.cache.local(other)).toBeUndefined()
      expect(await world.store.get(other)).toBeUndefined()
    }
  })

  // F-28 F-29
  it('hands out what it has fetched although the cache wants it gone at once', async () => {
    const world: Subject = subject((inner) => ({
      ...inner,
      // Between the fetch and the look at what it brought, as the keeper of a full cache may be in any tab.
      get: async (hash) => {
        await world.cache.evict(hash)
        return inner.get(hash)
      },
    }))
    const blob = new Blob([randomBytes(3_000)])
    const hash = await hashBlob(blob)
    world.remote.blobs.set(hash, blob)
    world.named.add(hash)
    expect((await world.cache.open({ hash, sizeBytes: 3_000, type: '' }, never)).size).toBe(3_000)
  })

  it('asks the remote once for all who wait for a blob', async () => {
    const world = subject()
    const blob = new Blob([randomBytes(5_000)])
    const ref = { hash: await hashBlob(blob), sizeBytes: blob.size, type: '' }
    world.remote.blobs.set(ref.hash, blob)
    let opens = 0
    world.remote.fault = (call) => {
      if (call === 'open') opens += 1
      return 'pass'
    }
    const impatient = new AbortController()
    const [left, ...rest] = [world.cache.open(ref, impatient.signal), world.cache.open(ref, never), world.cache.open(ref, never)]
    impatient.abort(new Error('gone to another page'))
    await expect(left).rejects.toThrow('gone to another page')
    expect((await Promise.all(rest)).map(({ size }) => size)).toEqual([5_000, 5_000])
    expect(opens).toBe(1)
  })

  it('ends a fetch that nobody waits for any more, and fetches anew for the next who asks', async () => {
    const blob = new Blob([randomBytes(5_000)])
    const ended: unknown[] = []
    let opens = 0
    const world = subject((store) => store, (source) => ({
      ...source,
      open: async (ref, { signal }) => {
        opens += 1
        if (opens > 1) return source.open(ref, { signal })
        return new Promise((_, reject) => signal.addEventListener('abort', () => {
          ended.push(signal.reason)
          reject(signal.reason as Error)
        }))
      },
    }))
    const ref = { hash: await hashBlob(blob), sizeBytes: blob.size, type: '' }
    world.remote.blobs.set(ref.hash, blob)
    const left = new AbortController()
    const opening = world.cache.open(ref, left.signal)
    await vi.waitFor(() => expect(opens).toBe(1))
    left.abort(new Error('left the view'))
    await expect(opening).rejects.toThrow('left the view')
    expect((await world.cache.open(ref, never)).size).toBe(5_000)
    expect(ended).toHaveLength(1)
    expect(opens).toBe(2)
  })

  it('lets nothing go for bytes that nobody has asked to see', async () => {
    const asked: number[] = []
    const full = new BseError('STORAGE_FULL', 'full', { neededBytes: 5_000, availableBytes: 0 })
    const world = subject((inner) => ({ ...inner, stage: () => Promise.reject(full) }), undefined, async (bytes) => asked.push(bytes))
    const blob = new Blob([randomBytes(5_000)])
    const ref = { hash: await hashBlob(blob), sizeBytes: blob.size, type: '' }
    world.remote.blobs.set(ref.hash, blob)
    await expect(world.cache.open(ref, never, { makesRoom: false })).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(asked).toEqual([])
    await expect(Promise.all([world.cache.open(ref, never, { makesRoom: false }), world.cache.open(ref, never)])).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(asked).toEqual([5_000])
  })

  // F-36 F-86
  it('fetches again what rotted on this device and is right at the remote', async () => {
    const rotten = new Map<string, Blob | undefined>()
    const world = subject(rotting(rotten))
    const blob = new Blob([randomBytes(5_000)])
    const hash = await commit(world, blob)
    await store(world, hash)
    world.remote.blobs.set(hash, blob)
    rotten.set(hash, new Blob([randomBytes(5_000)]))
    const opened = await world.cache.open({ hash, sizeBytes: blob.size, type: '' }, never)
    expect(await hashBlob(opened)).toBe(hash)
    expect(await readEntry(world.state, hash)).toMatchObject({ local: 'present' })
  })

  // F-8 X-007
  it('says lost, loudly, of bytes that vanished before any remote had them', async () => {
    const rotten = new Map<string, Blob | undefined>()
    const world = subject(rotting(rotten))
    const blob = new Blob([randomBytes(5_000)])
    const hash = await commit(world, blob)
    rotten.set(hash, undefined)
    expect(await world.cache.local(hash, { again: true })).toBeUndefined()
    expect(await readEntry(world.state, hash)).toMatchObject({ local: 'lost', remotes: { r: { state: 'parked' } } })
    rotten.clear()
    expect(await commit(world, blob)).toBe(hash)
    expect(await readEntry(world.state, hash)).toMatchObject({ local: 'present', remotes: { r: { state: 'owed' } } })
  })

  // F-8: in Firefox a file that went away and a read that was given up have the same name.
  it('asks the store whether a Blob that aborts its read is gone', async () => {
    const abort = new DOMException('The operation was aborted.', 'AbortError')
    const unreadable = new Blob([randomBytes(5_000)])
    unreadable.arrayBuffer = () => Promise.reject(abort)
    // The first is asked for before the bytes are put there.
    const answers: (Blob | undefined)[] = [undefined, unreadable, unreadable]
    const world = subject((inner) => ({ ...inner, get: async () => answers.shift() }))
    const hash = await commit(world, new Blob([randomBytes(5_000)]))
    await expect(world.cache.local(hash, { again: true })).rejects.toBe(abort)
    expect(await readEntry(world.state, hash)).toMatchObject({ local: 'present' })
    answers.push(unreadable, undefined)
    expect(await world.cache.local(hash, { again: true })).toBeUndefined()
    expect(await readEntry(world.state, hash)).toMatchObject({ local: 'lost' })
  })

  // R-134 X-007 F-8
  it('evicts nothing that a remote does not have, and nothing that somebody reads', async () => {
    const world = subject()
    const hash = await commit(world, new Blob([randomBytes(5_000)]))
    expect(await world.cache.evict(hash)).toBe('kept')
    await store(world, hash)
    const reader = await world.cache.borrow(hash)
    expect(await world.cache.evict(hash)).toBe('kept')
    reader.release()
    expect(await world.cache.evict(hash)).toBe('evicted')
    expect(await world.store.get(hash)).toBeUndefined()
  })

  it('forgets an old belief when the last row of a blob goes', async () => {
    const world = subject()
    const hash = await commit(world, new Blob([randomBytes(5_000)]))
    await store(world, hash)
    const reader = await world.cache.borrow(hash)
    world.named.delete(hash)
    await world.cache.release(hash)
    expect(await readEntry(world.state, hash)).toMatchObject({ local: 'present', remotes: { r: { state: 'unknown' } } })
    reader.release()
  })
})

describe('the files of one write', () => {
  it('are staged a few at a time, and none more after one has failed', async () => {
    const open = new Set<Promise<unknown>>()
    let [most, begun] = [0, 0]
    const world = subject((store) => ({
      ...store,
      stage: (source, options) => {
        begun += 1
        const staging = begun === 30 ? Promise.reject(new Error('no room')) : store.stage(source, options)
        open.add(staging)
        most = Math.max(most, open.size)
        staging.catch(() => undefined).finally(() => open.delete(staging))
        return staging
      },
    }))
    const files = Array.from({ length: 60 }, (_, index) => new Blob([randomBytes(200 + index)]))
    const first = await world.cache.ingest(files.slice(0, 20), never)
    expect(first.blobs.map(({ sizeBytes }) => sizeBytes)).toEqual(files.slice(0, 20).map(({ size }) => size))
    await first.drop()
    await expect(world.cache.ingest(files, never)).rejects.toThrow('no room')
    expect(most).toBe(4)
    expect(begun).toBeLessThan(40)
  })
})
