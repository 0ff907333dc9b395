import { expect, it } from 'vitest'
import { wiredStore } from '../support/wired-store.ts'
import { killedUpload } from '../support/killed-upload.ts'

const store = wiredStore()
const SIZE_BYTES = 64_000_000
const parts = { partBytes: 5_242_880, parallelParts: 4 }
const KILLS = 2

// R-005 R-175 F-50: 1 GiB is in killed.long.test.ts.
it('ends an upload of 64 MB whose tab and then whose browser were killed', async () => {
  const { heapBytes, outcome, sentBytes, storedBytes } = await killedUpload(store, SIZE_BYTES, parts)
  expect([outcome, storedBytes]).toEqual(['sha256', SIZE_BYTES])
  expect(sentBytes - SIZE_BYTES).toBeLessThanOrEqual(KILLS * parts.parallelParts * parts.partBytes)
  expect(heapBytes).toBeLessThan(SIZE_BYTES / 2)
  expect(await store.backend.openUploads()).toEqual([])
}, 120_000)
