import { afterEach, describe, expect, it, vi } from 'vitest'
import { BseError } from '../../src/errors.ts'
import { createSyncEngine, platformEnvironment, PLACEHOLDER_URL, type BlobRef, type LiveBlob } from '../../src/index.ts'
import type { BlobProvider, ByteRange, CacheFactory, Clock } from '../../src/provider/index.ts'
import { collect, FakeRemote, fakeBlobs, fakeData, randomBytes, sha256Of } from '../../src/testing/index.ts'
import { ManualClock } from '../subscription/manual-clock.ts'
import { image, newDevice, schema, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0
const SIZE = 5_000

interface TabOptions {
  readonly blobs: BlobProvider
  readonly mirrors?: readonly BlobProvider[]
  readonly cache?: CacheFactory
  readonly clock?: Clock
}

function tab(remote: FakeRemote, { blobs, cache, clock, mirrors = [] }: TabOptions): TestEngine {
  const device = newDevice()
  const platform = platformEnvironment()
  const engine = createSyncEngine({
    name: `reading-${(engines += 1)}`, schema, state: device.state, cache: { backend: cache ?? device.cache, inlineMaxBytes: 0 }, blobs: { primary: blobs, mirrors },
    data: fakeData(remote), environment: { ...platform, locks: device.locks, clock: clock ?? platform.clock },
  })
  open.push(engine)
  return engine
}

/** A cache that has no room for anything that comes from elsewhere. */
function full(): CacheFactory {
  const inner = newDevice().cache
  return (namespace) => {
    const store = inner(namespace)
    const stage = (): Promise<never> => Promise.reject(new BseError('STORAGE_FULL', 'test: full', { neededBytes: undefined, availableBytes: 0 }))
    return { ...store, stage }
  }
}

interface Ranged {
  readonly provider: BlobProvider
  readonly asked: (ByteRange | undefined)[]
}

/** A store that serves ranges, and tells which. */
function ranged(remote: FakeRemote, remoteId = 'fake:blobs', failure?: () => unknown): Ranged {
  const inner = fakeBlobs(remote, remoteId)
  const asked: (ByteRange | undefined)[] = []
  const provider: BlobProvider = {
    ...inner,
    open: async (ref, options) => {
      asked.push(options.range)
      if (failure !== undefined) throw failure()
      const whole = await inner.open(ref, options)
      const { range } = options
      if (range === undefined) return whole
      const blob = new Blob([(await collect(whole.body)) as Uint8Array<ArrayBuffer>])
      const end = Math.min(range.end ?? blob.size, blob.size)
      return { body: blob.slice(range.start, end).stream(), sizeBytes: blob.size, range: { start: range.start, end } }
    },
  }
  return { provider, asked }
}

async function stored(remote: FakeRemote): Promise<{ readonly ref: BlobRef; readonly bytes: Uint8Array }> {
  const bytes = randomBytes(SIZE)
  const hash = await sha256Of(bytes)
  remote.blobs.set(hash, new Blob([bytes]))
  return { bytes, ref: { hash, sizeBytes: SIZE, type: 'image/jpeg' } }
}

describe('a part of a blob', () => {
  //
  it('comes from this device, compared with the hash, and stays while it is read', async () => {
    const remote = new FakeRemote()
    const { asked, provider } = ranged(remote)
    const engine = tab(remote, { blobs: provider })
    const photo = engine.photos.insert({ title: 'a', image: image(SIZE) })
    await photo.synced
    const { image: ref } = await photo
    const bytes = new Uint8Array(await image(SIZE).arrayBuffer())
    const { body, range, sizeBytes, verified } = await engine.blobs.open(ref, { range: { start: 1_000, end: 1_500 } })
    expect([range, sizeBytes, verified, asked]).toEqual([{ start: 1_000, end: 1_500 }, SIZE, true, []])
    expect((await engine.cache.evict(ref.hash)).kept).toBe(1)
    expect(await collect(body)).toEqual(bytes.slice(1_000, 1_500))
    expect((await engine.cache.evict(ref.hash)).evicted).toHaveLength(1)
  })

  it('is lent no longer once its reader has gone, or has been told to stop', async () => {
    const remote = new FakeRemote()
    const engine = tab(remote, { blobs: fakeBlobs(remote) })
    const photo = engine.photos.insert({ title: 'a', image: image(SIZE) })
    await photo.synced
    const { image: ref } = await photo
    const left = await engine.blobs.open(ref)
    const stop = new AbortController()
    const stopped = (await engine.blobs.open(ref, { signal: stop.signal })).body.getReader()
    await left.body.cancel()
    stop.abort(new Error('enough'))
    await expect(stopped.read()).rejects.toBe(stop.signal.reason)
    expect((await engine.cache.evict(ref.hash)).evicted).toHaveLength(1)
  })

  // X-017 F-52
  it('comes straight from the first store that gives it, and nothing else of the blob with it', async () => {
    const [main, second] = [new FakeRemote(), new FakeRemote()]
    const down = ranged(main, 'fake:main', () => new BseError('NETWORK', 'test: down', { status: undefined }))
    const mirror = ranged(second, 'fake:second')
    const engine = tab(main, { blobs: down.provider, mirrors: [mirror.provider] })
    const { bytes, ref } = await stored(second)
    const { body, range, verified } = await engine.blobs.open(ref, { range: { start: 4_000, end: 9_999 } })
    expect([range, verified]).toEqual([{ start: 4_000, end: SIZE }, false])
    expect(await collect(body)).toEqual(bytes.slice(4_000))
    expect([down.asked, mirror.asked]).toEqual([[{ start: 4_000, end: 9_999 }], [{ start: 4_000, end: 9_999 }]])
    expect((await engine.cache.stats()).items).toBe(0)
  })

  it('is cut out of the whole where the store knows no ranges', async () => {
    const remote = new FakeRemote()
    const engine = tab(remote, { blobs: fakeBlobs(remote) })
    const { bytes, ref } = await stored(remote)
    expect(await collect((await engine.blobs.open(ref, { range: { start: 10, end: 20 } })).body)).toEqual(bytes.slice(10, 20))
    await expect(collect((await engine.blobs.open(ref, { range: { start: SIZE } })).body)).rejects.toMatchObject({ code: 'RANGE_INVALID' })
  })

  it.each([{ start: 5, end: 5 }, { start: 6, end: 5 }, { start: -1 }, { start: SIZE }])('is refused where it holds no byte: %j', async (range) => {
    const remote = new FakeRemote()
    const engine = tab(remote, { blobs: fakeBlobs(remote) })
    const { image: ref } = await engine.photos.insert({ title: 'a', image: image(SIZE) })
    await expect(engine.blobs.open(ref, { range })).rejects.toMatchObject({ code: 'RANGE_INVALID' })
  })
})

describe('a whole blob', () => {
  it('is kept on this device once it has been read', async () => {
    const remote = new FakeRemote()
    const engine = tab(remote, { blobs: fakeBlobs(remote) })
    const { bytes, ref } = await stored(remote)
    const { body, verified } = await engine.blobs.open(ref)
    expect([verified, await collect(body)]).toEqual([true, bytes])
    expect((await engine.cache.stats()).items).toBe(1)
  })

  // F-52
  it('passes through where there is no room for it, and breaks at its end when its bytes are others', async () => {
    const remote = new FakeRemote()
    const engine = tab(remote, { blobs: fakeBlobs(remote), cache: full() })
    const { bytes, ref } = await stored(remote)
    const { body, verified } = await engine.blobs.open(ref)
    expect([verified, await collect(body)]).toEqual([false, bytes])
    remote.blobs.set(ref.hash, new Blob([randomBytes(SIZE)]))
    await expect(collect((await engine.blobs.open(ref)).body)).rejects.toMatchObject({ code: 'HASH_MISMATCH' })
  })

  it('that nobody has is said to be nowhere', async () => {
    const remote = new FakeRemote()
    const engine = tab(remote, { blobs: fakeBlobs(remote) })
    const hash = await sha256Of(randomBytes(5))
    await expect(engine.blobs.open(hash)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(engine.blobs.open(hash, { range: { start: 0, end: 1 } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

/** A device whose wall clock is days off, and whose time passes only when told. */
class WrongClock extends ManualClock {
  readonly #offByMs: number

  constructor(offByMs: number) {
    super()
    this.#offByMs = offByMs
  }

  override nowMs(): number {
    return super.nowMs() + this.#offByMs
  }
}

describe('a signed URL of what this device has no room for', () => {
  const LIFE_MS = 100_000

  /** Signs as adapters do: what is left of a life, on the clock of this device. */
  function signing(remote: FakeRemote, clock: Clock, lifeMs: number): { readonly provider: BlobProvider; readonly signed: { readonly url: string; readonly endsAtMs: number }[] } {
    const signed: { readonly url: string; readonly endsAtMs: number }[] = []
    const url: BlobProvider['url'] = async () => {
      const one = { url: `https://store.example/${signed.length}`, endsAtMs: clock.monotonicMs() + lifeMs }
      signed.push(one)
      return { url: one.url, expiresAtMs: clock.nowMs() + lifeMs }
    }
    return { provider: { ...fakeBlobs(remote), url }, signed }
  }

  async function shown(live: LiveBlob): Promise<string> {
    return vi.waitFor(() => {
      const { url } = live.getSnapshot()
      expect(url).not.toBe(PLACEHOLDER_URL)
      return url
    }, { timeout: 20_000 })
  }

  // R-183 R-114 F-47 F-32
  it.each([0, 900_000, -900_000, 172_800_000, -172_800_000])('is renewed at 80 % of its life, with a clock that is off by %i ms', async (offByMs) => {
    const clock = new WrongClock(offByMs)
    const remote = new FakeRemote()
    const { provider, signed } = signing(remote, clock, LIFE_MS)
    const engine = tab(remote, { blobs: provider, cache: full(), clock })
    const { ref } = await stored(remote)
    const live = engine.blobs.live(ref)
    const leave = live.subscribe(() => undefined)
    expect(await shown(live)).toBe('https://store.example/0')
    for (const next of [1, 2, 3]) {
      clock.advance(LIFE_MS * 0.79)
      expect(live.getSnapshot().url).toBe(`https://store.example/${next - 1}`)
      clock.advance(LIFE_MS * 0.02)
      await vi.waitFor(() => expect(live.getSnapshot().url).toBe(`https://store.example/${next}`), { timeout: 20_000 })
      // The one that was shown until now has not expired.
      expect(signed[next - 1]?.endsAtMs).toBeGreaterThan(clock.monotonicMs())
    }
    leave()
  })

  it('is not fetched in vain before each renewal', async () => {
    const clock = new ManualClock()
    const remote = new FakeRemote()
    const { provider } = signing(remote, clock, LIFE_MS)
    const opened = vi.fn(provider.open)
    const engine = tab(remote, { blobs: { ...provider, open: opened }, cache: full(), clock })
    const live = engine.blobs.live((await stored(remote)).ref)
    live.subscribe(() => undefined)
    await shown(live)
    const before = opened.mock.calls.length
    clock.advance(LIFE_MS * 0.81)
    await vi.waitFor(() => expect(live.getSnapshot().url).toBe('https://store.example/1'), { timeout: 20_000 })
    expect(opened.mock.calls.length).toBe(before)
  })

  it('is not asked for when the store has nothing to show', async () => {
    const clock = new ManualClock()
    const remote = new FakeRemote()
    const { provider, signed } = signing(remote, clock, LIFE_MS)
    const engine = tab(remote, { blobs: provider, cache: full(), clock })
    const live = engine.blobs.live(await sha256Of(randomBytes(7)))
    live.subscribe(() => undefined)
    await vi.waitFor(() => expect(live.getSnapshot().state).toBe('missing'), { timeout: 20_000 })
    expect(signed).toEqual([])
  })
})
