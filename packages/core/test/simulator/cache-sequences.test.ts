import { afterAll, beforeAll, expect, it } from 'vitest'
import { cacheSequences } from './cache-sequences.ts'
import { installPlatform, type Platform } from './platform.ts'

let platform: Platform
beforeAll(async () => {
  platform = await installPlatform()
})
afterAll(() => platform.restore())

// X-007 F-7 F-8 F-27 F-31: ten thousand of them in cache-sequences.long.test.ts
it('150 random sequences of put, get, evict, full disks, crashes and wipes evict nothing that no server has, and leave a ledger that equals a listing', async () => {
  const report = await cacheSequences(platform, 1, 150)
  expect(report.failures).toEqual([])
  expect(report.crashes).toBeGreaterThan(50)
  expect([...report.steps.values()].every((count) => count > 10)).toBe(true)
}, 120_000)
