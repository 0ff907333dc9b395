import { afterEach, describe, expect, it, vi } from 'vitest'
import { BseError } from '../../src/errors.ts'
import { createSyncEngine, platformEnvironment } from '../../src/index.ts'
import type { StateFactory, StateStore } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, openTab, schema, type Device, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
const track = (engine: TestEngine): TestEngine => {
  open.push(engine)
  return engine
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0
/** A tab whose waits are short, over a state that can be changed on its way. */
function hastyTab(device: Device, remote: FakeRemote, state: StateFactory): TestEngine {
  const { clock, ...platform } = platformEnvironment()
  return track(createSyncEngine({
    name: `rough-${(engines += 1)}`, schema, state, cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 }, blobs: fakeBlobs(remote), data: fakeData(remote),
    environment: { ...platform, locks: device.locks, clock: { ...clock, timer: (_delayMs, callback) => clock.timer(1, callback) } },
  }))
}

describe('an engine that has bad luck', () => {
  // F-31
  it('leads and syncs although the disk was full when it started', async () => {
    const [device, remote] = [newDevice(), new FakeRemote()]
    let refusals = 3
    const full = (inner: StateStore): StateStore => ({
      ...inner,
      update: (read, decide, options) => {
        refusals -= 1
        if (refusals >= 0) return Promise.reject(new BseError('STORAGE_FULL', 'full', { neededBytes: undefined, availableBytes: 0 }))
        return inner.update(read, decide, options)
      },
    })
    const sync = hastyTab(device, remote, () => full(device.state('shared')))
    await vi.waitFor(() => expect(sync.status.getSnapshot().leads).toBe(true))
    await sync.photos.insert({ title: 'after all', image: image(5_000) }).synced
    expect(remote.uploads).toHaveLength(1)
  })

  it('stores no provisional name, not even as what a write saw before', async () => {
    const [device, remote] = [newDevice(), new FakeRemote()]
    remote.fault = () => 'fail-before'
    const stored: string[] = []
    const watched = (inner: StateStore): StateStore => ({
      ...inner,
      update: (read, decide, options) => inner.update(read, (get) => {
        const decided = decide(get)
        stored.push(JSON.stringify(decided.ops))
        return decided
      }, options),
      // This tab hears of changes late: so nothing is merged, and the second write tells what it saw.
      watch: async function* (since, options) {
        for await (const change of inner.watch(since, options)) {
          yield change
          await new Promise((resolve) => options.signal.addEventListener('abort', resolve, { once: true }))
        }
      },
    })
    const sync = hastyTab(device, remote, () => watched(device.state('shared')))
    const first = sync.photos.insert({ title: 'one', image: image(5_000, 1) })
    const id = first.row?.id ?? ''
    await sync.ready
    const replaced = sync.photos.update(id, { image: image(6_000, 2) })
    const shown = first.row?.image
    const copied = shown && sync.photos.insert({ title: 'copy', image: { ...shown, name: 'copy.jpg' } })
    await Promise.all([first, replaced, copied])
    expect(stored.join('\n')).toContain('"previous":{"image"')
    expect(stored.join('\n')).not.toContain('pending:')
  })

  it('lists no upload that nothing names, once the write that named it is discarded', async () => {
    const [device, remote] = [newDevice(), new FakeRemote()]
    const sync = track(openTab(device, remote))
    const photo = await sync.photos.insert({ title: 'kept', image: image(5_000, 3) })
    await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]))
    await sync.photos.delete(photo.id).synced
    remote.blobs.clear()
    // The bytes are gone from here and from there; a link to them is all that somebody kept.
    await vi.waitFor(async () => expect(await device.cache('shared').get(photo.image.hash)).toBeUndefined())
    await sync.photos.insert({ title: 'from a link', image: photo.image })
    await vi.waitFor(async () => expect((await sync.offline.pending()).map(({ type, state }) => `${type} ${state}`)).toEqual(['upload parked', 'insert parked']))
    const [, write] = await sync.offline.pending()
    await sync.offline.discard(write?.id ?? '')
    await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]))
  })
})
