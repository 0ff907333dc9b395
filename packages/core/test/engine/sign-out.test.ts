import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AuthCallback } from '../../src/index.ts'
import { FakeRemote, MortalTab } from '../../src/testing/index.ts'
import { marked, PersonalDevice, personalTab, signedInAs } from './signed-in.ts'
import type { TestEngine } from './harness.ts'

const open: TestEngine[] = []
const track = (engine: TestEngine): TestEngine => {
  open.push(engine)
  return engine
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

const tab = (device: PersonalDevice, remote: FakeRemote, auth?: AuthCallback): TestEngine => track(personalTab({ state: device.state, cache: device.cache, environment: device.environment() }, remote, auth))

async function twoPhotos(sync: TestEngine, marker: string): Promise<void> {
  await sync.photos.insert({ title: `${marker} small`, image: marked(marker, 500) })
  await sync.photos.insert({ title: `${marker} large`, image: marked(marker, 5_000) })
}

const WITHIN = { timeout: 20_000 }
const drained = (sync: TestEngine): Promise<void> => vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]), WITHIN)

// With and without somebody who is signed in.
describe.each([['a person', signedInAs('ann')], ['no person', undefined]] as const)('a device of %s', (_, auth) => {
  it('refuses to sign out while something is pending, and goes on', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    remote.fault = () => 'fail-before'
    const sync = tab(device, remote, auth)
    await twoPhotos(sync, 'MARK')
    await expect(sync.logout()).rejects.toMatchObject({ code: 'PENDING_WORK', details: { mutations: 2, uploads: 2 } })
    await sync.photos.insert({ title: 'goes on', image: marked('x', 10) })
    expect(await sync.photos.count()).toBe(3)
  })

  // F-89
  it('keeps nothing after a sign-out that found nothing pending', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    const sync = tab(device, remote, auth)
    await twoPhotos(sync, 'MARK')
    await drained(sync)
    expect(await device.everything()).toContain('MARK')
    await sync.logout()
    expect(await device.everything()).toBe('')
    await expect(sync.photos.insert({ title: 'late', image: marked('x', 10) })).rejects.toMatchObject({ code: 'SIGNED_OUT' })
  })

  // F-89
  it('keeps nothing after a sign-out that discards, and sends nothing of it', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    remote.fault = () => 'fail-before'
    const sync = tab(device, remote, auth)
    await twoPhotos(sync, 'MARK')
    await sync.logout({ pending: 'discard' })
    expect(await device.everything()).toBe('')
    remote.fault = () => 'pass'
    const next = tab(device, remote, auth)
    await next.photos.insert({ title: 'after', image: marked('y', 10) }).synced
    expect(remote.applied).toHaveLength(1)
    expect(await next.photos.count()).toBe(1)
  })

  it('keeps what is owed, and only that, and sends it after the next sign-in', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    const sync = tab(device, remote, auth)
    await twoPhotos(sync, 'STORED')
    await drained(sync)
    remote.fault = () => 'fail-before'
    await twoPhotos(sync, 'OWED')
    await sync.logout({ pending: 'keep' })
    const kept = await device.everything()
    expect(kept).not.toContain('STORED')
    expect(kept.match(/OWED/g)?.length).toBeGreaterThanOrEqual(4)
    remote.fault = () => 'pass'
    const again = tab(device, remote, auth)
    await drained(again)
    expect(remote.applied).toHaveLength(4)
    await vi.waitFor(async () => expect(await again.photos.count()).toBe(4), WITHIN)
    expect([...remote.blobs.keys()]).toHaveLength(4)
  })

  it('ends the engines of its other tabs', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    const [one, other] = [tab(device, remote, auth), tab(device, remote, auth)]
    await twoPhotos(one, 'MARK')
    await drained(one)
    await vi.waitFor(async () => expect(await other.photos.count()).toBe(2), WITHIN)
    await one.logout()
    await vi.waitFor(() => expect(other.status.getSnapshot().error?.code).toBe('SIGNED_OUT'), WITHIN)
    await expect(other.photos.count()).rejects.toMatchObject({ code: 'SIGNED_OUT' })
    expect(await device.everything()).toBe('')
  })

  it('may be signed out of by two tabs at once', async () => {
    const [device, remote] = [new PersonalDevice(), new FakeRemote()]
    const [one, other] = [tab(device, remote, auth), tab(device, remote, auth)]
    await Promise.all([one.ready, other.ready])
    await Promise.all([one.logout({ pending: 'discard' }), other.logout({ pending: 'discard' })])
    expect(await device.everything()).toBe('')
  })

  it('never loses a write that resolved to a sign-out that was to refuse', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const [device, remote] = [new PersonalDevice(), new FakeRemote()]
      remote.fault = () => 'fail-before'
      const [one, other] = [tab(device, remote, auth), tab(device, remote, auth)]
      await Promise.all([one.ready, other.ready])
      const leaving = one.logout().then(() => 'left', () => 'stayed')
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      const writing = other.albums.insert({ title: 'in between' }).then(() => 'written', (error: unknown) => (error as { readonly code: string }).code)
      const outcome = await Promise.all([leaving, writing])
      if (outcome[1] === 'written') expect(outcome[0]).toBe('stayed')
      else expect(outcome).toEqual(['left', expect.stringMatching(/SIGNED_OUT|CLOSED/)])
    }
  })

  // F-90
  it.each(['refuse', 'discard', 'keep'] as const)('is wiped at the next start when it dies at any step (%s)', async (pending) => {
    for (let step = 1, isDone = false; !isDone; step++) {
      const [device, remote] = [new PersonalDevice(), new FakeRemote()]
      const mortal = new MortalTab({ state: device.state, cache: device.cache, environment: device.environment() })
      const dying = personalTab(mortal, remote, auth)
      await twoPhotos(dying, 'STORED')
      await drained(dying)
      remote.fault = () => 'fail-before'
      if (pending !== 'refuse') await twoPhotos(dying, 'OWED')
      const died = new Promise<'died'>((resolve) => mortal.dieAt(step, () => resolve('died')))
      const outcome = await Promise.race([died, dying.logout({ pending }).then(() => 'done')])
      isDone = outcome === 'done'
      const at = `step ${step}: ${mortal.steps.at(-1)}`
      mortal.die()
      const before = await device.everything()
      const hasBegun = before.includes('home/wipe') || isDone
      remote.fault = () => 'pass'
      const next = tab(device, remote, undefined === auth ? undefined : signedInAs('bob'))
      await next.ready.catch((error: unknown) => { throw new Error(at, { cause: error }) })
      const left = await device.everything()
      if (hasBegun) expect(left, at).not.toContain('STORED')
      expect(left, at).not.toContain('home/wipe')
      if (pending === 'keep' && auth !== undefined) expect(left, at).toContain('OWED')
      if (pending === 'discard' && hasBegun) expect(left, at).not.toContain('OWED')
      if (pending === 'keep' && auth !== undefined) {
        const again = tab(device, remote, auth)
        await drained(again)
        expect(remote.applied, at).toHaveLength(4)
      }
      if (step > 400) throw new Error('it never ends')
    }
  }, 60_000)

  // F-90
  it('locks nobody out when it died at any step and the queue has since got a record that nobody can read', async () => {
    for (let step = 1, isDone = false; !isDone; step++) {
      const [device, remote] = [new PersonalDevice(), new FakeRemote()]
      const mortal = new MortalTab({ state: device.state, cache: device.cache, environment: device.environment() })
      const dying = personalTab(mortal, remote, auth)
      await twoPhotos(dying, 'STORED')
      await drained(dying)
      const died = new Promise<'died'>((resolve) => mortal.dieAt(step, () => resolve('died')))
      isDone = (await Promise.race([died, dying.logout().then(() => 'done')])) === 'done'
      const at = `step ${step}: ${mortal.steps.at(-1)}`
      mortal.die()
      await device.rot()
      const next = tab(device, remote, auth)
      await next.albums.insert({ title: 'goes on' }).synced.catch((error: unknown) => { throw new Error(at, { cause: error }) })
      if (step > 400) throw new Error('it never ends')
    }
  }, 60_000)
})
