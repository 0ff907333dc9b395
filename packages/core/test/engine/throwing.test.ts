import { expect, it, vi } from 'vitest'
import { hashBlob } from '../../src/hash/index.ts'
import { createSyncEngine, platformEnvironment, type Environment } from '../../src/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, openTab, schema, type Device, type TestEngine } from './harness.ts'
import { ThrowingCalls } from './throwing-adapter.ts'

/** All waits of the engine pass a hundred times as fast. */
function hasty(device: Device): Environment {
  const platform = platformEnvironment()
  const { nowMs, monotonicMs, timer } = platform.clock
  const [startedAtMs, origin] = [nowMs(), monotonicMs()]
  const clock = {
    nowMs: () => startedAtMs + (monotonicMs() - origin) * 100, monotonicMs: () => (monotonicMs() - origin) * 100,
    timer: (delayMs: number, callback: () => void) => timer(delayMs / 100, callback),
  }
  return { ...platform, locks: device.locks, clock }
}

let tabs = 0
function openFaulty(device: Device, remote: FakeRemote, calls: ThrowingCalls, heard: string[]): TestEngine {
  const data = fakeData(remote)
  const sync = createSyncEngine({
    name: `throwing-${(tabs += 1)}`, schema,
    state: () => calls.of('state', device.state('shared')),
    cache: { backend: () => calls.of('cache', device.cache('shared')), inlineMaxBytes: 1_000 },
    blobs: calls.of('blobs', fakeBlobs(remote)),
    data: calls.of('data', { ...data, connect: async (context) => calls.of('connection', await data.connect(context)) }),
    environment: hasty(device),
    logger: { debug: () => undefined, info: () => undefined, warn: (message) => heard.push(message), error: (message) => heard.push(message) },
  })
  sync.on('syncError', ({ error }) => heard.push(String(error)))
  sync.ready.catch((error: unknown) => heard.push(String(error)))
  return sync
}

/** What a person does. Answers the row of each write that resolved; a write that rejected may have been kept or not. */
async function use(sync: TestEngine, heard: string[]): Promise<readonly string[]> {
  const resolved: string[] = []
  const attempt = (write: PromiseLike<{ readonly id: string }>): Promise<unknown> =>
    Promise.resolve(write).then(({ id }) => resolved.push(id), (error: unknown) => heard.push(String(error)))
  const photo = sync.photos.insert({ title: 'photo', image: image(5_000, 1), audio: new Blob(['small'], { type: 'audio/wav' }) })
  await Promise.all([attempt(photo), attempt(sync.albums.insert({ title: 'album' }))])
  const id = photo.row?.id ?? ''
  if (resolved.includes(id)) await attempt(sync.photos.update(id, { image: image(6_000, 2) }))
  return resolved
}

async function drains(sync: TestEngine, what: string): Promise<void> {
  await vi.waitFor(async () => expect(await sync.offline.pending(), what).toEqual([]), { timeout: 10_000, interval: 5 })
}

/** Answers the call that failed and whether anybody was told; `undefined` when there were fewer calls. */
async function survives(failAt: number, when: 'before' | 'after'): Promise<{ readonly call: string; readonly isHeard: boolean } | undefined> {
  const [device, remote, heard] = [newDevice(), new FakeRemote(), [] as string[]]
  const calls = new ThrowingCalls(failAt, when)
  const sync = openFaulty(device, remote, calls, heard)
  const resolved = await use(sync, heard)
  const what = `call ${failAt}, ${calls.failed}, failed ${when} its effect`
  // Storage that cannot be read when the engine opens is the one fault that it cannot get over by itself.
  const opened = await sync.ready.then(() => true, () => false)
  if (opened) await drains(sync, what)
  else expect(calls.failed, what).toMatch(/^state\.(get|read|watch)$/)
  await sync.close()
  const next = openTab(device, remote)
  await drains(next, what)
  for (const id of resolved) {
    const row = remote.row('photos', id) ?? remote.row('albums', id)
    expect(row, what).toBeDefined()
    const ref = (await next.photos.get(id))?.image
    if (ref !== undefined) expect(await hashBlob(remote.blobs.get(ref.hash) ?? new Blob()), what).toBe(ref.hash)
  }
  expect(new Set(remote.applied).size, what).toBe(remote.applied.length)
  await next.close()
  return calls.failed === undefined ? undefined : { call: calls.failed, isHeard: heard.length > 0 }
}

// F-12
it.each(['before', 'after'] as const)('goes on when any one call of an adapter throws %s its effect, and says so', async (when) => {
  const told = new Map<string, boolean>()
  let count = 0
  for (let failAt = 1; ; failAt++) {
    const fault = await survives(failAt, when)
    if (fault === undefined) break
    told.set(fault.call, told.get(fault.call) === true || fault.isHeard)
    count += 1
  }
  expect(count).toBeGreaterThan(40)
  expect([...told.keys()]).toEqual(expect.arrayContaining(['state.update', 'cache.stage', 'cache.publish', 'blobs.upload', 'data.connect', 'connection.push']))
  expect([...told].filter(([, isHeard]) => !isHeard)).toEqual([])
}, 120_000)
