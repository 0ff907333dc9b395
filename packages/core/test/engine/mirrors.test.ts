import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSyncEngine, platformEnvironment, type SeveralRemotes, type SyncEvents } from '../../src/index.ts'
import type { BseError } from '../../src/errors.ts'
import type { BlobProvider } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, schema, type Device, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0

/** Two stores, and the rows beside the first one. */
interface Stores {
  readonly main: FakeRemote
  readonly second: FakeRemote
}

function tab(stores: Stores, options: { readonly device?: Device; readonly durableOn?: 'primary' | 'all'; readonly primary?: BlobProvider } = {}): TestEngine {
  const { device = newDevice(), durableOn = 'primary', primary = fakeBlobs(stores.main, 'fake:main') } = options
  const platform = platformEnvironment()
  const blobs: SeveralRemotes = { primary, mirrors: [fakeBlobs(stores.second, 'fake:second')], durableOn }
  const engine = createSyncEngine({
    name: `mirrors-${(engines += 1)}`, schema, state: () => device.state('shared'), cache: { backend: () => device.cache('shared'), inlineMaxBytes: 0 },
    blobs, data: fakeData(stores.main), environment: { ...platform, locks: device.locks },
  })
  open.push(engine)
  return engine
}

function stores(): Stores {
  return { main: new FakeRemote(), second: new FakeRemote() }
}

/** A store that does not answer until it is told to. */
function down(remote: FakeRemote): () => void {
  let isDown = true
  remote.fault = () => (isDown ? 'fail-before' : 'pass')
  return () => {
    isDown = false
  }
}

const hashesOf = ({ blobs }: FakeRemote): readonly string[] => [...blobs.keys()]

describe('two stores', () => {
  //
  it('both get every blob, each once, and the row follows', async () => {
    const two = stores()
    const engine = tab(two)
    const photo = await engine.photos.insert({ title: 'a', image: image(2_000) }).synced
    await vi.waitFor(() => expect(hashesOf(two.second)).toEqual(hashesOf(two.main)))
    expect([two.main.uploads.length, two.second.uploads.length, two.main.row('photos', photo.id)?.title]).toEqual([1, 1, 'a'])
    await vi.waitFor(() => expect(engine.status.getSnapshot().pending).toEqual([]))
  })

  it('do not wait for each other: the row goes while the mirror is down, and the mirror gets its copy later', async () => {
    const two = stores()
    const device = newDevice()
    const rise = down(two.second)
    const engine = tab(two, { device })
    const errors: SyncEvents['syncError'][] = []
    engine.on('syncError', (event) => errors.push(event))
    await engine.photos.insert({ title: 'a', image: image(2_000) }).synced
    await vi.waitFor(() => expect(errors.some(({ operation }) => operation.type === 'upload')).toBe(true))
    expect((await engine.offline.pending()).map(({ type, state }) => [type, state === 'parked'])).toEqual([['upload', false]])
    await engine.close()
    rise()
    tab(two, { device })
    await vi.waitFor(() => expect(two.second.blobs.size).toBe(1), { timeout: 5_000 })
  })

  it('the mirror has the bytes while the primary is down, and the row waits', async () => {
    const two = stores()
    const rise = down(two.main)
    const engine = tab(two)
    const written = engine.photos.insert({ title: 'a', image: image(2_000) })
    const photo = await written
    await vi.waitFor(() => expect(two.second.blobs.size).toBe(1))
    expect(two.main.row('photos', photo.id)).toBeUndefined()
    rise()
    await written.synced
    expect(hashesOf(two.main)).toEqual(hashesOf(two.second))
  })

  it('the mirror is not owed what the person deleted before it was sent', async () => {
    const two = stores()
    down(two.main)
    const rise = down(two.second)
    const engine = tab(two)
    const photo = await engine.photos.insert({ title: 'a', image: image(2_000) })
    await engine.offline.discard((await engine.offline.pending()).find(({ type }) => type === 'insert')?.id ?? '')
    await vi.waitFor(async () => expect(await engine.offline.pending()).toEqual([]))
    rise()
    expect([await engine.photos.get(photo.id), two.second.uploads]).toEqual([undefined, []])
  })
})

describe('bytes on this device', () => {
  //
  it('stay until all stores have them, where all have to', async () => {
    const two = stores()
    const rise = down(two.second)
    const engine = tab(two, { durableOn: 'all' })
    const photo = await engine.photos.insert({ title: 'a', image: image(2_000) }).synced
    expect(await engine.cache.evict(photo.id)).toMatchObject({ evicted: [], kept: 1 })
    rise()
    await vi.waitFor(() => expect(two.second.blobs.size).toBe(1), { timeout: 5_000 })
    await vi.waitFor(async () => expect((await engine.cache.evict(photo.id)).evicted).toHaveLength(1))
  })

  it('may go when the primary has them; the mirror then gets its copy from there', async () => {
    const two = stores()
    const rise = down(two.second)
    const engine = tab(two)
    const photo = await engine.photos.insert({ title: 'a', image: image(2_000) }).synced
    await vi.waitFor(async () => expect((await engine.cache.evict(photo.id)).evicted).toHaveLength(1))
    expect(two.second.blobs.size).toBe(0)
    rise()
    await vi.waitFor(() => expect(hashesOf(two.second)).toEqual(hashesOf(two.main)), { timeout: 5_000 })
  })

  it('are kept when only a mirror has them', async () => {
    const two = stores()
    down(two.main)
    const engine = tab(two)
    const photo = await engine.photos.insert({ title: 'a', image: image(2_000) })
    await vi.waitFor(() => expect(two.second.blobs.size).toBe(1))
    expect(await engine.cache.evict(photo.id)).toMatchObject({ evicted: [], kept: 1 })
  })
})

describe('reading', () => {
  async function filled(): Promise<{ readonly two: Stores; readonly hash: `sha256:${string}` }> {
    const two = stores()
    await tab(two).photos.insert({ title: 'a', image: image(2_000) }).synced
    await vi.waitFor(() => expect(two.second.blobs.size).toBe(1))
    return { two, hash: [...two.main.blobs.keys()][0] ?? 'sha256:' }
  }

  it.each([
    ['does not answer', ({ main }: Stores) => void (main.fault = (call) => (call === 'open' ? 'fail-before' : 'pass'))],
    ['has lost the blob', ({ main }: Stores) => main.blobs.clear()],
    ['gives other bytes', ({ main }: Stores) => main.blobs.forEach((_, hash) => main.blobs.set(hash, image(2_000, 7)))],
  ])('goes to the mirror when the primary %s', async (_what, spoil) => {
    const { hash, two } = await filled()
    spoil(two)
    const blob = await tab(two).blobs.get(hash)
    expect(await blob?.bytes()).toEqual(await image(2_000).bytes())
  })

  //
  it('says that nobody has it only when every store has said so', async () => {
    const { hash, two } = await filled()
    two.main.blobs.clear()
    two.second.fault = (call) => (call === 'open' ? 'fail-before' : 'pass')
    const engine = tab(two)
    expect(await engine.blobs.get(hash)).toBeNull()
    expect(engine.status.getSnapshot().online).toBe(false)
  })
})

describe('options', () => {
  const base = (blobs: unknown): (() => unknown) => () =>
    createSyncEngine({ name: `mirrors-${(engines += 1)}`, schema, state: newDevice().state, cache: { backend: newDevice().cache }, blobs: blobs as BlobProvider, data: fakeData(new FakeRemote()) })

  it.each([
    ['one store twice', { primary: fakeBlobs(new FakeRemote(), 'one'), mirrors: [fakeBlobs(new FakeRemote(), 'one')] }],
    ['a mirror that is none', { primary: fakeBlobs(new FakeRemote()), mirrors: [{}] }],
    ['another word for where bytes are safe', { primary: fakeBlobs(new FakeRemote()), durableOn: 'any' }],
    ['a name that does not exist', { primary: fakeBlobs(new FakeRemote()), mirror: [] }],
  ])('refuse %s', (_what, blobs) => {
    expect(base(blobs)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' } satisfies Partial<BseError>))
  })
})
