import { afterEach, describe, expect, it, vi } from 'vitest'
import { LEASE_KEY } from '../../src/state/keys.ts'
import { FakeRemote } from '../../src/testing/index.ts'
import { image, newDevice, type Device } from '../engine/harness.ts'
import { settled, TestTab, TestTime } from './tab.ts'

const open: TestTab[] = []
afterEach(async () => {
  for (const tab of open) tab.wake()
  await Promise.all(open.splice(0).map(({ engine }) => engine.close()))
})

interface Place {
  readonly device: Device
  readonly remote: FakeRemote
  readonly time: TestTime
}

function newPlace(): Place {
  return { device: newDevice(), remote: new FakeRemote(), time: new TestTime() }
}

async function openTab({ device, remote, time }: Place, options?: ConstructorParameters<typeof TestTab>[3]): Promise<TestTab> {
  const tab = new TestTab(device, remote, time, options)
  open.push(tab)
  await tab.engine.ready
  await settled()
  return tab
}

const WITHIN = { timeout: 20_000 }
const HALF_A_MINUTE_MS = 30_000

describe('a page that goes away', () => {
  // F-15
  it('gives the lead away before it does anything else, and stands in line when it is back', async () => {
    const place = newPlace()
    const [first, second] = [await openTab(place), await openTab(place)]
    expect([first.leads, second.leads]).toEqual([true, false])
    first.page('hide')
    // It runs nothing from here on.
    first.hang()
    await settled()
    expect(second.leads).toBe(true)
    await second.engine.photos.insert({ title: 'sent', image: image(5_000) })
    await vi.waitFor(() => expect(place.remote.applied).toHaveLength(1), WITHIN)
    first.wake()
    first.page('show')
    await settled()
    expect([first.leads, second.leads]).toEqual([false, true])
    await second.engine.close()
    await settled()
    expect(first.leads).toBe(true)
  })
})

describe('a leader that hangs', () => {
  // F-15 F-13
  it('is followed within half a minute, and changes nothing when it wakes', async () => {
    const place = newPlace()
    const [first, second] = [await openTab(place), await openTab(place)]
    place.remote.fault = (call) => {
      // In the middle of its upload.
      if (call === 'upload' && first.leads && !second.leads) first.hang()
      return 'pass'
    }
    await second.engine.photos.insert({ title: 'in the middle', image: image(5_000) })
    await settled()
    await place.time.pass(HALF_A_MINUTE_MS, () => second.leads)
    expect(second.leads).toBe(true)
    await vi.waitFor(() => expect(place.remote.applied).toHaveLength(1), WITHIN)
    await settled()
    const epoch = await place.device.state('shared').get([LEASE_KEY])
    first.wake()
    await place.time.pass(5_000)
    expect(await place.device.state('shared').get([LEASE_KEY])).toEqual(epoch)
    expect([first.leads, second.leads]).toEqual([false, true])
    expect(place.remote.applied).toHaveLength(1)
    expect(await second.engine.offline.pending()).toEqual([])
    expect(place.remote.blobs.size).toBe(1)
  })

  it('keeps the lead for as long as it answers', async () => {
    const place = newPlace()
    const [first, second, third] = [await openTab(place), await openTab(place), await openTab(place)]
    await place.time.pass(10 * 60_000)
    expect([first.leads, second.leads, third.leads]).toEqual([true, false, false])
    expect(await place.device.state('shared').get([LEASE_KEY])).toMatchObject([{ epoch: 1 }])
  })
})

describe('pages without locks in common', () => {
  // F-13
  it('have one leader, and the next one as soon as that closes', async () => {
    const place = newPlace()
    const tabs = [await openTab(place, { withoutLocks: true }), await openTab(place, { withoutLocks: true }), await openTab(place, { withoutLocks: true })]
    await place.time.pass(60_000)
    expect(tabs.map(({ leads }) => leads)).toEqual([true, false, false])
    await Promise.all(tabs.map(({ engine }, index) => engine.photos.insert({ title: String(index), image: image(5_000, index) })))
    await vi.waitFor(() => expect(place.remote.applied).toHaveLength(3), WITHIN)
    expect(place.remote.uploads).toHaveLength(3)
    await tabs[0]?.engine.close()
    await settled()
    expect(tabs.filter(({ leads }) => leads)).toHaveLength(1)
  })

  it('have another within half a minute when theirs dies', async () => {
    const place = newPlace()
    const [first, second] = [await openTab(place, { withoutLocks: true }), await openTab(place, { withoutLocks: true })]
    first.hang()
    await place.time.pass(HALF_A_MINUTE_MS, () => second.leads)
    expect(second.leads).toBe(true)
  })
})

describe('a tab of an older version', () => {
  // F-22
  it('follows a leader that it does not understand, and writes all the same', async () => {
    const place = newPlace()
    const newer = { v: 2, leader: 'of a newer version' }
    await place.device.state('shared').update([], () => ({ ops: [{ put: LEASE_KEY, value: newer }], result: undefined }), { durability: 'strict' })
    const tab = await openTab(place)
    await tab.engine.photos.insert({ title: 'for the newer one', image: image(5_000) })
    await place.time.pass(120_000)
    expect(tab.leads).toBe(false)
    expect(await place.device.state('shared').get([LEASE_KEY])).toEqual([newer])
    expect(place.remote.applied).toEqual([])
    expect((await tab.engine.offline.pending()).map(({ type }) => type)).toEqual(['upload', 'insert'])
  })
})
