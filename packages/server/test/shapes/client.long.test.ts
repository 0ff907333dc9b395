import { afterAll, beforeAll, describe, it } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { checkCuts } from './support/check-cuts.ts'
import { checkHistory } from './support/check-history.ts'
import { backends } from './support/shape-server.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

const SEEDS = 40

describe.each(backends(() => postgres.url))('the official client with %s, at length', (_, open) => {
  it.each(['polling', 'events'] as const)('has the rows of the table after many histories, by %s', async (mode) => {
    for (let seed = 1; seed <= SEEDS; seed++) await checkHistory(open, { seed, transactions: 60, mode })
  })

  it.each(['polling', 'events'] as const)('has every row with a cut at each byte, by %s', (mode) => checkCuts(open, mode, () => 1))
})
