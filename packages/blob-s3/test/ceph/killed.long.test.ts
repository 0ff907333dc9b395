import { expect, it } from 'vitest'
import { wiredStore } from '../support/wired-store.ts'
import { killedUpload } from '../support/killed-upload.ts'

const store = wiredStore()
const SIZE_BYTES = 1_073_741_824
const parts = { partBytes: 8_388_608, parallelParts: 4 }
const KILLS = 2

// R-005 R-175
it('ends an upload of 1 GiB whose tab and then whose browser were killed', async () => {
  const { heapBytes, outcome, sentBytes, storedBytes } = await killedUpload(store, SIZE_BYTES, parts)
  const allowedBytes = KILLS * parts.parallelParts * parts.partBytes
  console.log(`1 GiB from Chromium to S3, killed twice: sent again ${sentBytes - SIZE_BYTES} bytes (allowed ${allowedBytes}), JavaScript's heap at most ${heapBytes} bytes`)
  expect([outcome, storedBytes]).toEqual(['sha256', SIZE_BYTES])
  expect(sentBytes - SIZE_BYTES).toBeLessThanOrEqual(allowedBytes)
  expect(heapBytes).toBeLessThan(100_000_000)
  expect(await store.backend.openUploads()).toEqual([])
}, 1_800_000)
