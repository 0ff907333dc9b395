import { expect, it } from 'vitest'
import { startDemoStore } from '../../../scripts/services/demo-store.ts'
import { albumOn } from './support/album-on.ts'

// R-230 R-232: OPFS on the device, R2 behind it.
it('shows photos of one device on another by way of a Worker with an R2 bucket', async () => {
  const store = await startDemoStore('r2')
  try {
    const { blobRequests, hash, width } = await albumOn(store)
    expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect([await store.has(hash), width, blobRequests]).toEqual([true, 1, []])
  } finally {
    await store.close()
  }
}, 180_000)
