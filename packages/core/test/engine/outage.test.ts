import { afterEach, describe, expect, it, vi } from 'vitest'
import { BseError, type AuthResult } from '../../src/index.ts'
import { FakeRemote } from '../../src/testing/index.ts'
import { settled, TestTab, TestTime, type TestTabOptions } from '../tabs/tab.ts'
import { image, newDevice } from './harness.ts'
import { guardedBlobs } from './signed-in.ts'

const open: TestTab[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ engine }) => engine.close()))
})

const WITHIN = { timeout: 20_000 }
const HOUR_MS = 3_600_000

async function openTab(remote: FakeRemote, options?: TestTabOptions, time: TestTime = new TestTime()): Promise<TestTab> {
  const tab = new TestTab(newDevice(), remote, time, options)
  open.push(tab)
  await tab.engine.ready
  await settled()
  return tab
}

async function write(tab: TestTab, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => tab.engine.photos.insert({ title: String(index), image: image(2_000, index) })))
  await settled()
}

/** Time goes on until nothing is pending; real time only for what the machine does in other threads. */
function drains(tab: TestTab, withinMs: number): Promise<void> {
  return vi.waitFor(async () => {
    await tab.time.pass(withinMs / 50)
    expect(await tab.engine.offline.pending()).toEqual([])
  }, WITHIN)
}

describe('an hour without a server', () => {
  // R-176 F-44
  it.each([
    ['that cannot be reached', 'refused'],
    ['that answers 503', 'unavailable'],
    ['that hides behind a portal', 'portal'],
  ] as const)('%s costs at most 120 requests, and what waited goes by itself', async (_, kind) => {
    const remote = new FakeRemote()
    const tab = await openTab(remote)
    let isDown = true
    let requests = 0
    const status = { refused: undefined, unavailable: 503, portal: 200 }[kind]
    remote.fault = () => {
      requests += 1
      if (isDown) throw new BseError('NETWORK', 'no server', { status })
      return 'pass'
    }
    await write(tab, 50)
    await tab.time.pass(HOUR_MS)
    expect(requests).toBeLessThanOrEqual(120)
    // One look every three minutes at least.
    expect(requests).toBeGreaterThan(20)
    expect(tab.engine.status.getSnapshot().online).toBe(false)
    expect((await tab.engine.offline.pending()).filter(({ state }) => state === 'parked')).toEqual([])
    isDown = false
    await drains(tab, 150_000)
    expect(remote.applied).toHaveLength(50)
    expect(new Set(remote.uploads).size).toBe(50)
    expect(tab.engine.status.getSnapshot().online).toBe(true)
  }, 60_000)

  // F-43
  it('asks nothing of a host that wants patience, before its time', async () => {
    const remote = new FakeRemote()
    const tab = await openTab(remote)
    let asked = 0
    remote.fault = (call) => {
      if (call !== 'upload' && call !== 'stat') return 'pass'
      asked += 1
      throw new BseError('RATE_LIMITED', 'slowly', { retryAfterMs: 1_800_000 })
    }
    await write(tab, 50)
    await tab.time.pass(1_700_000)
    // Those that were on their way when the first answer came.
    expect(asked).toBeLessThanOrEqual(4)
    expect(remote.applied).toHaveLength(0)
    remote.fault = () => 'pass'
    await tab.time.pass(200_000)
    await drains(tab, 60_000)
  }, 60_000)
})

describe('one blob that its server fails on again and again', () => {
  it('holds back no other', async () => {
    const remote = new FakeRemote()
    const tab = await openTab(remote)
    let poison: string | undefined
    const stored = (): number => remote.blobs.size
    remote.fault = (call) => {
      if (call === 'upload' && poison === undefined) poison = 'next'
      if (poison === 'next' || (call === 'stat' && poison === 'stat')) {
        poison = 'stat'
        throw new BseError('NETWORK', 'always for this one', { status: 502 })
      }
      return 'pass'
    }
    await write(tab, 10)
    await vi.waitFor(async () => {
      await tab.time.pass(20_000)
      expect(stored()).toBe(9)
    }, WITHIN)
    expect(remote.applied).toHaveLength(9)
  }, 60_000)
})

describe('a device', () => {
  // F-33
  it('that slept for eight hours renews its credentials once, and the upload goes on where it was', async () => {
    const [remote, time] = [new FakeRemote(), new TestTime()]
    const issued: number[] = []
    let steps = 0
    const { blobs, sentBytes } = guardedBlobs(remote, (bearer) => time.nowMs - Number(bearer) < HOUR_MS, () => {
      steps += 1
      if (steps === 3) throw new BseError('NETWORK', 'the lid is shut', { status: undefined })
    })
    const auth = async (): Promise<AuthResult> => ({ userId: 'ann', headers: { authorization: String(issued[issued.push(time.nowMs) - 1]) } })
    const tab = await openTab(remote, { blobs, auth }, time)
    await tab.engine.photos.insert({ title: 'long', image: image(5_000) })
    await vi.waitFor(() => expect(steps).toBe(3), WITHIN)
    await settled()
    time.sleep(8 * HOUR_MS)
    await drains(tab, 60_000)
    expect(remote.applied).toHaveLength(1)
    expect(sentBytes()).toBe(5_000)
    expect(issued).toHaveLength(2)
  }, 60_000)

  // F-32
  it.each([-172_800_000, 172_800_000])('whose clock jumps by %i ms sends what waits all the same', async (jumpMs) => {
    const remote = new FakeRemote()
    const tab = await openTab(remote)
    remote.fault = () => 'fail-before'
    await write(tab, 5)
    await tab.time.pass(600_000)
    tab.time.wallOffsetMs += jumpMs
    remote.fault = () => 'pass'
    await drains(tab, 180_000)
    expect(remote.applied).toHaveLength(5)
  }, 60_000)

  // F-34
  it('that says it is offline, and is not, is online by the first answer', async () => {
    const remote = new FakeRemote()
    const tab = await openTab(remote, { online: false })
    await write(tab, 3)
    await drains(tab, 10_000)
    expect(tab.engine.status.getSnapshot().online).toBe(true)
  })

  // F-34
  it('that says it is online, and is not, is offline by the first silence', async () => {
    const remote = new FakeRemote()
    const tab = await openTab(remote, { online: true })
    remote.fault = () => 'fail-before'
    await write(tab, 1)
    await vi.waitFor(() => expect(tab.engine.status.getSnapshot().online).toBe(false), WITHIN)
  })
})
