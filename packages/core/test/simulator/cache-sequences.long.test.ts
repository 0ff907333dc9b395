import { afterAll, beforeAll, expect, it } from 'vitest'
import { cacheSequences } from './cache-sequences.ts'
import { installPlatform, type Platform } from './platform.ts'

let platform: Platform
beforeAll(async () => {
  platform = await installPlatform()
})
afterAll(() => platform.restore())

// X-007 F-7 F-8 F-27
it.each(Array.from({ length: 20 }, (_, n) => 1 + 500 * n))('500 of 10,000 random sequences from %i, of put, get, evict, full disks, crashes and wipes evict nothing that no server has, and leave a ledger that equals a listing', async (from) => {
  const report = await cacheSequences(platform, from, 500)
  console.log(`${from + 499} sequences, ${report.writes} writes and ${report.crashes} crashes in the last 500`)
  expect(report.failures).toEqual([])
})
