import { randomBytes } from '@bse/core/testing'
import { afterEach, expect, it, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { counts, listed, MIB, openFresh, put, randomBlob } from './tools.ts'

interface Protocol {
  send(method: 'Storage.overrideQuotaForOrigin', params: { origin: string; quotaSize?: number }): Promise<unknown>
  send(method: 'Storage.clearDataForOrigin', params: { origin: string; storageTypes: string }): Promise<unknown>
}

const protocol = cdp() as unknown as Protocol

async function limitQuota(quotaSize?: number): Promise<void> {
  const params = { origin: location.origin, ...(quotaSize === undefined ? {} : { quotaSize }) }
  await protocol.send('Storage.overrideQuotaForOrigin', params)
}

afterEach(() => limitQuota())

// F-23 F-24
it('gives STORAGE_FULL when the quota is spent, for blobs and streams, and keeps what was there', async () => {
  // For half a minute the browser goes on with what it remembers of the room there was, unless it begins anew.
  await protocol.send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' })
  const { usage = 0 } = await navigator.storage.estimate()
  await limitQuota(usage + 5 * MIB)
  const { store, namespace } = openFresh()
  const bytes = randomBytes(100_000)
  const kept = await put(store, bytes)
  const stored = new Map([[kept.hash, kept.sizeBytes]])
  const refused: string[] = []

  // Should the browser take some of them all the same, they must be whole.
  for (let n = 0; refused.length < 4 && n < 100; n++) {
    const kind = n % 2 === 0 ? 'blob' : 'stream'
    const large = randomBlob(24 * MIB)
    try {
      const staged = await store.stage(kind === 'blob' ? large : large.stream())
      await store.publish(staged)
      stored.set(staged.hash, staged.sizeBytes)
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORAGE_FULL' })
      refused.push(kind)
    }
    const chunks = [...stored.values()].reduce((sum, sizeBytes) => sum + Math.ceil(sizeBytes / MIB), 0)
    expect(await counts(namespace)).toEqual({ blobs: stored.size, staging: 0, chunks })
  }
  expect(new Set(refused)).toEqual(new Set(['blob', 'stream']))
  expect(new Map((await listed(store)).map(({ hash, sizeBytes }) => [hash, sizeBytes]))).toEqual(stored)
  expect(await (await store.get(kept.hash))?.bytes()).toEqual(bytes)

  await limitQuota()
  await vi.waitFor(() => put(store, randomBytes(8 * MIB)), { timeout: 40_000, interval: 100 })
}, 120_000)
