import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../scripts/services/postgres.ts'
import { checkCrowd } from './support/crowd.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

// F-6 F-38
it('forty devices that write at once lose nothing, have nothing twice, and end alike', async () => {
  const report = await checkCrowd(postgres.url, { engines: 40, writes: 3, seed: 7, patienceMs: 60_000 })
  expect(report.transactions).toBe(120)
  expect(report.lostAnswers).toBeGreaterThan(0)
  expect(report.outOfOrder / report.transactions).toBeGreaterThanOrEqual(0.2)
}, 120_000)
