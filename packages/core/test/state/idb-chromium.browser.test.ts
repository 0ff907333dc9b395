import { afterEach, describe, expect, it, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { idbState } from '../../src/state/idb-state.ts'
import type { StateStore } from '../../src/provider/index.ts'
import { randomBytes } from '../../src/testing/index.ts'

/** What the browser does on its own, asked for over its debugging protocol. */
interface Protocol {
  send(method: 'Storage.overrideQuotaForOrigin', params: { origin: string; quotaSize?: number }): Promise<unknown>
  send(method: 'Storage.clearDataForOrigin', params: { origin: string; storageTypes: string }): Promise<unknown>
}

const protocol = cdp() as unknown as Protocol
const origin = location.origin
const stores: StateStore[] = []

function open(): StateStore {
  const store = idbState()(`test-${crypto.randomUUID()}`)
  stores.push(store)
  return store
}

afterEach(async () => {
  await protocol.send('Storage.overrideQuotaForOrigin', { origin })
  for (const store of stores.splice(0)) await store.destroy()
})

function put(store: StateStore, key: string, value: unknown): Promise<void> {
  return store.update([], () => ({ ops: [{ put: key, value }], result: undefined }), { durability: 'strict' })
}

describe('idb state in Chromium', () => {
  it('tells the truth about every record when the quota is spent', async () => { // F-23
    // The browser remembers for a while how much room an origin had; clearing makes it forget.
    await protocol.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
    await protocol.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2_000_000 })
    const store = open()
    const outcomes = new Map<string, unknown>()
    const attempt = (key: string, value: unknown): Promise<void> =>
      put(store, key, value).then(() => { outcomes.set(key, 'stored') }, (error: unknown) => { outcomes.set(key, error) })
    for (let n = 0; !isFull(outcomes) && n < 20; n += 1) {
      await Promise.all([attempt(`before/${n}`, 'small'), attempt(`large/${n}`, randomBytes(4_000_000)), attempt(`after/${n}`, 'small')])
    }
    expect(isFull(outcomes)).toBe(true)
    for (const outcome of outcomes.values()) if (outcome !== 'stored') expect(outcome).toMatchObject({ code: 'STORAGE_FULL' })
    for (const [key, outcome] of outcomes) expect((await store.get([key]))[0] !== undefined, key).toBe(outcome === 'stored')
    await protocol.send('Storage.overrideQuotaForOrigin', { origin })
    await vi.waitFor(() => put(store, 'large', randomBytes(4_000_000)), { timeout: 20_000, interval: 100 })
  })

  it('goes on in a new database after the browser cleared the old one', async () => { // F-19 F-26
    const store = open()
    await put(store, 'a', 1)
    const changes = store.watch(undefined, { signal: new AbortController().signal })[Symbol.asyncIterator]()
    await changes.next()
    await protocol.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
    await put(store, 'b', 2)
    expect(await store.get(['a', 'b'])).toEqual([undefined, 2])
    expect((await changes.next()).value).toMatchObject({ reset: true })
  })
})

function isFull(outcomes: ReadonlyMap<string, unknown>): boolean {
  return [...outcomes.values()].some((outcome) => outcome !== 'stored')
}
