import { randomBytes } from '@bse/core/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { cdp } from 'vitest/browser'
import { toStorageError } from '../src/opfs-error.ts'
import { listed, MIB, namesIn, openFresh, put, randomBlob } from './tools.ts'

interface Storage {
  send(method: 'Storage.overrideQuotaForOrigin', params: { origin: string; quotaSize?: number }): Promise<unknown>
}

async function limitQuota(quotaSize?: number): Promise<void> {
  const params = { origin: location.origin, ...(quotaSize === undefined ? {} : { quotaSize }) }
  await (cdp() as unknown as Storage).send('Storage.overrideQuotaForOrigin', params)
}

afterEach(() => limitQuota())

function noWorker(): Worker {
  throw new Error('no worker')
}

// F-23. Sync access handles ignore this limit in the private profile that these tests run in: `real-profile.test.ts` has them.
describe('a spent quota, written by the page', () => {
  it.each(['blob', 'stream'])('gives STORAGE_FULL for a %s and keeps what was there', async (kind) => {
    const { store, namespace } = openFresh({ worker: noWorker })
    const bytes = randomBytes(100_000)
    const kept = await put(store, bytes)
    const { usage = 0 } = await navigator.storage.estimate()
    await limitQuota(usage + 5 * MIB)

    for (let n = 0; n < 3; n++) {
      const large = randomBlob(24 * MIB)
      await expect(store.stage(kind === 'blob' ? large : large.stream())).rejects.toMatchObject({ code: 'STORAGE_FULL' })
      expect(await namesIn(namespace, 'staging')).toEqual([])
    }
    expect(await listed(store)).toEqual([{ hash: kept.hash, sizeBytes: 100_000 }])
    expect(await (await store.get(kept.hash))?.bytes()).toEqual(bytes)

    await limitQuota()
    expect((await put(store, randomBytes(8 * MIB))).sizeBytes).toBe(8 * MIB)
  })
})

describe('errors of the browser', () => {
  // F-23: Chromium gives either one for the same full disk, by chance.
  it.each(['QuotaExceededError', 'AbortError'])('takes %s for a full disk', (name) => {
    const cause = new DOMException('no', name)
    expect(toStorageError(cause, 'stage', 7)).toMatchObject({ code: 'STORAGE_FULL', details: { neededBytes: 7 }, cause })
  })

  it('takes anything else for a failing disk', () => {
    const cause = new DOMException('no', 'InvalidStateError')
    expect(toStorageError(cause, 'get')).toMatchObject({ code: 'STORAGE_FAILED', details: { store: 'opfs' }, cause })
  })
})
