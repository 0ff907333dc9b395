import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../scripts/services/postgres.ts'
import { checkCrowd } from './support/crowd.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

// F-6 F-38
it('a thousand devices that write at once lose nothing, have nothing twice, and end alike', async () => {
  const report = await checkCrowd(postgres.url, { engines: 1_000, writes: 3, seed: 11, patienceMs: 600_000 })
  expect(report.transactions).toBe(3_000)
  expect(report.outOfOrder / report.transactions).toBeGreaterThanOrEqual(0.2)
  expect(report.lostAnswers).toBeGreaterThan(100)
}, 1_800_000)
