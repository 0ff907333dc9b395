import { afterEach, describe, expect, it, vi } from 'vitest'
import { BseError } from '../../src/errors.ts'
import { createSyncEngine, platformEnvironment, type SyncEvents } from '../../src/index.ts'
import type { BlobProvider, Environment, UploadTask } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, schema, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0

interface TabOptions {
  readonly network?: 'always' | 'unmetered'
  readonly connectivity?: Environment['connectivity']
}

function tab(remote: FakeRemote, blobs: BlobProvider, { connectivity, network = 'always' }: TabOptions = {}): TestEngine {
  const device = newDevice()
  const platform = platformEnvironment()
  const engine = createSyncEngine({
    name: `uploads-${(engines += 1)}`, schema, state: device.state, cache: { backend: device.cache }, blobs, data: fakeData(remote), offline: { network, retryStrategy: { maxAttempts: 1 } },
    environment: { ...platform, locks: device.locks, connectivity: connectivity ?? platform.connectivity },
  })
  open.push(engine)
  return engine
}

/** A store that takes batches, and tells of each request what was in it. */
function batching(remote: FakeRemote, options: { readonly refuse?: (task: UploadTask) => boolean; readonly whole?: () => unknown } = {}): { readonly provider: BlobProvider; readonly requests: number[] } {
  const single = fakeBlobs(remote)
  const requests: number[] = []
  const send = (task: UploadTask, signal: AbortSignal): Promise<unknown> =>
    single.upload(task, { checkpoint: undefined, saveCheckpoint: async () => undefined, onProgress: () => undefined, signal })
  const provider: BlobProvider = {
    ...single,
    upload: async (task, io) => {
      requests.push(1)
      if (options.refuse?.(task) === true) throw new BseError('FORBIDDEN', 'not this one', {})
      return single.upload(task, io)
    },
    batch: {
      maxBlobBytes: 5_000, maxCount: 50, maxTotalBytes: 1_000_000,
      upload: async (tasks, { signal }) => {
        requests.push(tasks.length)
        const failure = options.whole?.()
        if (failure !== undefined) throw failure
        return Promise.all(tasks.map(async (task) => {
          if (options.refuse?.(task) === true) return { hash: task.hash, error: new BseError('FORBIDDEN', 'not this one', {}) }
          await send(task, signal)
          return { hash: task.hash, receipt: { verified: 'sha256' as const } }
        }))
      },
    },
  }
  return { provider, requests }
}

/** Writes while nothing is sent, so that all of it is owed at once. */
async function owing(engine: TestEngine, remote: FakeRemote, sizes: readonly number[]): Promise<void> {
  remote.fault = () => 'fail-before'
  await Promise.all(sizes.map((size, index) => engine.photos.insert({ title: `${index}`, image: image(size, index + 1) })))
}

describe('small blobs', () => {
  it('go in a few requests where the store takes several at once', async () => {
    const remote = new FakeRemote()
    const { provider, requests } = batching(remote)
    const engine = tab(remote, provider)
    await engine.batch(({ photos }) => {
      for (let index = 0; index < 40; index++) photos.insert({ title: `${index}`, image: image(1_000 + index, index + 1) })
    }).synced
    expect(remote.blobs.size).toBe(40)
    expect(requests.length).toBeLessThan(5)
    expect(await engine.offline.pending()).toEqual([])
  })

  it('do not suffer for a neighbour that is refused', async () => {
    const remote = new FakeRemote()
    const { provider } = batching(remote, { refuse: ({ sizeBytes }) => sizeBytes === 1_003 })
    const engine = tab(remote, provider)
    const parked: SyncEvents['parked'][] = []
    engine.on('parked', (event) => parked.push(event))
    const photos = Array.from({ length: 6 }, (_, index) => engine.photos.insert({ title: `${index}`, image: image(1_000 + index, index + 1) }))
    await Promise.all(photos.map((photo, index) => (index === 3 ? photo : photo.synced)))
    await vi.waitFor(() => expect(parked).toHaveLength(1))
    expect([parked[0]?.code, remote.blobs.size]).toEqual(['FORBIDDEN', 5])
  })

  it('go one by one where the store turns out to take no batches, and none of them is blamed', async () => {
    const remote = new FakeRemote()
    const { provider, requests } = batching(remote, { whole: () => new BseError('REJECTED', 'no such route', { status: 404, reason: 'http-404' }) })
    const engine = tab(remote, provider)
    await engine.batch(({ photos }) => {
      for (let index = 0; index < 5; index++) photos.insert({ title: `${index}`, image: image(1_000, index + 1) })
    }).synced
    expect(requests.filter((count) => count > 1)).toHaveLength(1)
    expect(remote.blobs.size).toBe(5)
  })

  it('are asked for, and not sent again, when the answer to a batch was lost', async () => {
    const remote = new FakeRemote()
    let isFirst = true
    const { provider } = batching(remote)
    const { batch } = provider
    const lossy: BlobProvider = {
      ...provider,
      ...(batch === undefined ? {} : {
        batch: {
          ...batch,
          upload: async (tasks: readonly UploadTask[], io: { readonly signal: AbortSignal }) => {
            const outcomes = await batch.upload(tasks, io)
            if (!isFirst) return outcomes
            isFirst = false
            throw new BseError('NETWORK', 'cut', { status: undefined })
          },
        },
      }),
    }
    const engine = tab(remote, lossy)
    await engine.batch(({ photos }) => {
      for (let index = 0; index < 5; index++) photos.insert({ title: `${index}`, image: image(1_000, index + 1) })
    }).synced
    expect(remote.uploads).toHaveLength(5)
  })
})

describe('what the person holds back or gives up while it is in a batch', () => {
  it.each(['pause', 'cancel'] as const)('is not sent (%s), and the others are', async (action) => {
    const remote = new FakeRemote()
    const { provider, requests } = batching(remote)
    const { batch } = provider
    const arrived = Promise.withResolvers<void>()
    let isFirst = true
    // The first request hangs until it is given up.
    const hanging: BlobProvider = {
      ...provider,
      ...(batch === undefined ? {} : {
        batch: {
          ...batch,
          upload: async (tasks: readonly UploadTask[], io: { readonly signal: AbortSignal }) => {
            if (!isFirst) return batch.upload(tasks, io)
            isFirst = false
            arrived.resolve()
            return new Promise<never>((_, reject) => io.signal.addEventListener('abort', () => reject(io.signal.reason), { once: true }))
          },
        },
      }),
    }
    const engine = tab(remote, hanging)
    await engine.batch(({ photos }) => {
      for (let index = 0; index < 4; index++) photos.insert({ title: `${index}`, image: image(1_000, index + 1) })
    })
    await arrived.promise
    const held = (await engine.offline.pending()).find(({ type }) => type === 'upload')?.id ?? ''
    await engine.offline[action](held)
    await vi.waitFor(() => expect(remote.uploads).toHaveLength(3), { timeout: 45_000 })
    expect(remote.uploads).not.toContain(held)
    expect(requests).toEqual([3])
    await engine.offline[action === 'pause' ? 'resume' : 'retry'](held)
    await vi.waitFor(() => expect(remote.rows.size).toBe(4), { timeout: 45_000 })
    expect(remote.uploads).toHaveLength(4)
  }, 60_000)
})

describe('a host that does not answer', () => {
  // F-44
  it('is not asked by every blob what the first ones have found out', async () => {
    const remote = new FakeRemote()
    let tries = 0
    const single = fakeBlobs(remote)
    const blobs: BlobProvider = { ...single, upload: (task, io) => ((tries += 1), single.upload(task, io)) }
    const engine = tab(remote, blobs)
    const errors: unknown[] = []
    engine.on('syncError', ({ operation, error }) => operation.type === 'upload' && errors.push(error))
    await owing(engine, remote, Array.from({ length: 60 }, (_, index) => 1_000 + index))
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(0))
    // Four begin side by side; of the next sixty only those follow that try the host again after its pause.
    expect(tries).toBeLessThan(20)
    remote.fault = () => 'pass'
    await vi.waitFor(() => expect(remote.blobs.size).toBe(60), { timeout: 20_000 })
  }, 30_000)

  // F-43
  it('that asks for patience gets it from all blobs', async () => {
    const remote = new FakeRemote()
    let tries = 0
    const single = fakeBlobs(remote)
    const blobs: BlobProvider = {
      ...single,
      upload: async () => {
        tries += 1
        throw new BseError('RATE_LIMITED', 'later', { retryAfterMs: 600_000 })
      },
    }
    const engine = tab(remote, blobs)
    await engine.photos.insert({ title: 'first', image: image(2_000) })
    await vi.waitFor(() => expect(tries).toBe(1))
    for (let index = 0; index < 5; index++) await engine.photos.insert({ title: `${index}`, image: image(1_000, index + 2) })
    await vi.waitFor(async () => expect(await engine.offline.pending()).toHaveLength(12))
    expect(tries).toBe(1)
  })
})

describe('the order of uploads', () => {
  it('puts what somebody looks at before what is smaller', async () => {
    const remote = new FakeRemote()
    const single = fakeBlobs(remote)
    const order: number[] = []
    const gate = Promise.withResolvers<void>()
    const blobs: BlobProvider = {
      ...single,
      upload: async (task, io) => {
        await gate.promise
        order.push(task.sizeBytes)
        return single.upload(task, io)
      },
    }
    const engine = tab(remote, blobs)
    // Four fill the places; the next ones wait in line.
    for (let index = 0; index < 4; index++) await engine.photos.insert({ title: 'early', image: image(100 + index, index + 1) })
    for (let index = 0; index < 6; index++) await engine.photos.insert({ title: 'late', image: image(1_000 + index, index + 10) })
    const shown = engine.photos.where({ title: 'shown' }).live({ includeBlobs: ['image'] })
    const stop = shown.subscribe(() => undefined)
    await engine.photos.insert({ title: 'shown', image: image(50_000) })
    await vi.waitFor(() => expect(shown.getSnapshot().data).toHaveLength(1))
    gate.resolve()
    await vi.waitFor(() => expect(order).toHaveLength(11))
    expect(order.indexOf(50_000)).toBeLessThan(6)
    stop()
  })
})

describe('a network that costs', () => {
  it('is left alone until it costs no more, where the app asks for that', async () => {
    const remote = new FakeRemote()
    let isMetered = true
    let tell: (online: boolean) => void = () => undefined
    const connectivity: Environment['connectivity'] = {
      online: true,
      get metered() {
        return isMetered
      },
      subscribe: (listener) => {
        tell = listener
        return () => undefined
      },
    }
    const engine = tab(remote, fakeBlobs(remote), { network: 'unmetered', connectivity })
    const photo = engine.photos.insert({ title: 'a', image: image(2_000) })
    await photo
    await engine.albums.insert({ title: 'rows go' }).synced
    expect([remote.uploads.length, (await engine.offline.pending()).map(({ type }) => type)]).toEqual([0, ['upload', 'insert']])
    isMetered = false
    tell(true)
    await photo.synced
    expect(remote.uploads).toHaveLength(1)
  })
})
