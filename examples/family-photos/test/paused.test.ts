import type { PendingItem } from '@bse/core'
import { testEngine } from '@bse/core/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { photoState, STATE_WORDS } from '../src/state/photo-state.ts'
import { queueLines } from '../src/state/queue-lines.ts'

const schema = { photos: { id: 'uuid', title: 'string', image: { type: 'blob' } } } as const

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()))
})

/** A photo on a device without a network, and what is pending after `act`. */
async function pendingAfter(act: (pending: readonly PendingItem[], offline: ReturnType<typeof testEngine<typeof schema>>['sync']['offline']) => Promise<unknown>): Promise<readonly PendingItem[]> {
  const app = testEngine({ schema })
  open.push(app)
  app.network.goOffline()
  await app.sync.photos.insert({ title: 'x', image: new Blob(['bytes'], { type: 'image/jpeg' }) })
  await act(await app.sync.offline.pending(), app.sync.offline)
  await expect.poll(async () => (await app.sync.offline.pending()).some(({ state }) => state === 'paused'), { timeout: 45_000 }).toBe(true)
  return app.sync.offline.pending()
}

describe('a photo that the person holds back', () => {
  it.each([
    ['everything is paused', (_: readonly PendingItem[], offline: { pause(id?: string): Promise<void> }) => offline.pause()],
    ['its upload is paused', ([item]: readonly PendingItem[], offline: { pause(id?: string): Promise<void> }) => offline.pause(item?.id)],
  ])('says so where %s', async (_, act) => {
    const pending = await pendingAfter(act)
    const photo = { image: { hash: pending.find(({ type }) => type === 'upload')?.id } } as Parameters<typeof photoState>[0]
    expect(STATE_WORDS[photoState(photo, pending, { online: true }).is]).toBe('Paused, on this device')
    expect(queueLines(pending, true, () => 'a photo').map(({ why }) => why)).toContain('paused')
  })
})
