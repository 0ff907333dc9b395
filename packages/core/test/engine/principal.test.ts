import { afterEach, describe, expect, it, vi } from 'vitest'
import { BseError, createSyncEngine, type AuthCallback } from '../../src/index.ts'
import type { BlobProvider, ProviderContext } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, schema, type TestEngine } from './harness.ts'
import { guardedBlobs, marked, PersonalDevice, personalTab, signedInAs } from './signed-in.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

function tab(device: PersonalDevice, remote: FakeRemote, auth: AuthCallback): TestEngine {
  const engine = personalTab({ state: device.state, cache: device.cache, environment: device.environment() }, remote, auth)
  open.push(engine)
  return engine
}

const WITHIN = { timeout: 20_000 }
const drained = (sync: TestEngine): Promise<void> => vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]), WITHIN)
const nobody: AuthCallback = () => Promise.reject(new BseError('NETWORK', 'no way to ask', { status: undefined }))

function guardedEngine(blobs: BlobProvider, remote: FakeRemote, auth: AuthCallback): TestEngine {
  const device = newDevice()
  const engine = createSyncEngine({
    name: 'guarded', schema, state: device.state, cache: { backend: device.cache }, blobs, data: fakeData(remote), auth,
  })
  open.push(engine)
  return engine
}

describe('credentials that expire', () => {
  // F-46
  it('are renewed once for each expiry, however many uploads are on their way', async () => {
    const remote = new FakeRemote()
    let valid = 1
    let asked = 0
    let steps = 0
    const { blobs } = guardedBlobs(remote, (bearer) => bearer === String(valid), () => {
      steps += 1
      if (steps % 60 === 0) valid += 1
    })
    const sync = guardedEngine(blobs, remote, async () => {
      asked += 1
      return { userId: 'ann', headers: { authorization: String(valid) } }
    })
    await Promise.all(Array.from({ length: 50 }, (_, seed) => sync.photos.insert({ title: String(seed), image: image(4_000, seed) })))
    await drained(sync)
    expect(remote.uploads).toHaveLength(50)
    expect(valid).toBeGreaterThan(3)
    expect(asked).toBeLessThanOrEqual(valid)
  })

  // F-46
  it('let the same upload go on where it was', async () => {
    const remote = new FakeRemote()
    let isValid = true
    let steps = 0
    const { blobs, sentBytes } = guardedBlobs(remote, () => isValid, () => {
      steps += 1
      if (steps === 6) isValid = false
    })
    const asked: string[] = []
    const sync = guardedEngine(blobs, remote, async ({ reason }) => {
      asked.push(reason)
      // The first renewal is refused as well: the upload fails in the middle, and is taken up again.
      if (asked.length === 3) isValid = true
      return { userId: 'ann', headers: {} }
    })
    const told: unknown[] = []
    sync.on('authRequired', ({ error }) => told.push(error))
    await sync.photos.insert({ title: 'long', image: image(10_000) }).synced
    expect(asked).toEqual(['start', 'expired', 'expired'])
    expect(sentBytes()).toBe(10_000)
    expect(told).toMatchObject([{ code: 'UNAUTHORIZED' }])
  })
})

describe('another person', () => {
  // F-89
  it('sees nothing of the one before, and sends nothing of theirs', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    remote.fault = () => 'fail-before'
    const anns = tab(device, remote, signedInAs('ann'))
    const photo = await anns.photos.insert({ title: 'of ann', image: marked('ANN', 2_000) })
    await anns.close()

    remote.fault = () => 'pass'
    const bobs = tab(device, remote, signedInAs('bob'))
    await bobs.photos.insert({ title: 'of bob', image: marked('BOB', 2_000) }).synced
    expect(await bobs.photos.get(photo.id)).toBeUndefined()
    expect(await bobs.offline.pending()).toEqual([])
    expect(remote.row('photos', photo.id)).toBeUndefined()
    await bobs.close()

    const again = tab(device, remote, signedInAs('ann'))
    await drained(again)
    expect(remote.row('photos', photo.id)).toMatchObject({ title: 'of ann' })
  })

  // F-89
  it('stops everything in a tab that belonged to somebody else', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    let userId = 'ann'
    let context: ProviderContext | undefined
    const blobs = fakeBlobs(remote)
    const sync = createSyncEngine({
      name: 'changed', schema, state: device.state, cache: { backend: device.cache }, data: fakeData(remote), environment: device.environment(),
      auth: async () => ({ userId, headers: {} }),
      blobs: { ...blobs, connect: (given) => { context = given }, upload: async (task, io) => {
        await context?.auth('expired')
        return blobs.upload(task, io)
      } },
    })
    open.push(sync)
    await sync.ready
    userId = 'bob'
    await sync.photos.insert({ title: 'of ann', image: marked('ANN', 2_000) })
    await vi.waitFor(() => expect(sync.status.getSnapshot().error?.code).toBe('PRINCIPAL_CHANGED'), WITHIN)
    expect(sync.status.getSnapshot().pending).toEqual([])
    await expect(sync.photos.count()).rejects.toMatchObject({ code: 'PRINCIPAL_CHANGED' })
    await expect(sync.photos.insert({ title: 'whose?', image: marked('?', 10) })).rejects.toMatchObject({ code: 'PRINCIPAL_CHANGED' })
    expect(remote.uploads).toEqual([])
    expect(await device.everything()).toContain('of ann')
    await sync.logout({ pending: 'discard' })
    expect(await device.everything()).not.toContain('of ann')
  })
})

describe('a start', () => {
  it('without a way to ask opens what belongs to whoever was here last', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    const first = tab(device, remote, signedInAs('ann'))
    const photo = await first.photos.insert({ title: 'of ann', image: marked('ANN', 2_000) })
    await first.close()
    const offline = tab(device, remote, nobody)
    expect((await offline.photos.get(photo.id))?.title).toBe('of ann')
    await offline.photos.insert({ title: 'offline', image: marked('x', 100) })
  })

  it('for the first time holds what is written until somebody is signed in', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    const signIn = Promise.withResolvers<{ userId: string; headers: Record<string, string> }>()
    const sync = tab(device, remote, () => signIn.promise)
    const write = sync.photos.insert({ title: 'early', image: marked('EARLY', 2_000) })
    expect(write.row?.title).toBe('early')
    signIn.resolve({ userId: 'ann', headers: {} })
    await write.synced
    expect(remote.applied).toHaveLength(1)
  })

  it('that waits for somebody to sign in can be closed', async () => {
    const sync = tab(new PersonalDevice(), new FakeRemote(), () => new Promise(() => undefined))
    await sync.close()
    await expect(sync.ready).rejects.toMatchObject({ code: 'CLOSED' })
  })

  // F-91
  it('stores neither who is signed in nor what proves it', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    const sync = tab(device, remote, async () => ({ userId: 'ann@example.org', headers: { authorization: 'Bearer SECRET' } }))
    await sync.photos.insert({ title: 'x', image: marked('x', 2_000) }).synced
    const stored = await device.everything()
    expect(stored).toContain('home/principal')
    expect(stored).not.toMatch(/SECRET|example\.org/)
  })
})
