import { expect, it } from 'vitest'
import { startDemoStore } from '../../../../scripts/services/demo-store.ts'
import { albumOn } from '../support/album-on.ts'

// R-031 R-007
it('shows photos of one device on another by way of an S3 bucket, straight from the page', async () => {
  const store = await startDemoStore('s3')
  try {
    const { blobRequests, hash, width } = await albumOn(store)
    expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect([await store.has(hash), width, blobRequests]).toEqual([true, 1, []])
  } finally {
    await store.close()
  }
}, 180_000)
