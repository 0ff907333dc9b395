import { afterAll, beforeAll, describe, it } from 'vitest'
import { dataProviderSuite } from '@bse/core/testing'
import { startPostgres, type RunningPostgres } from '../../../scripts/services/postgres.ts'
import { ElectricHarness } from './support/electric-harness.ts'
import { ElectricHost, pgliteTest, postgresTest, type TestDatabase } from './support/electric-host.ts'
import { SUITE_TABLES } from './support/suite-tables.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(() => postgres.stop())

suiteOn('electric on PGlite', () => pgliteTest())
suiteOn('electric on Postgres', () => postgresTest(postgres.url))

/** One server for all cases, emptied before each: the shapes of the case before are given up by that, which clients bear. */
function suiteOn(name: string, open: () => Promise<TestDatabase>): void {
  describe(name, () => {
    let host: ElectricHost
    beforeAll(async () => {
      host = await ElectricHost.open(await open(), SUITE_TABLES)
    }, 120_000)
    afterAll(() => host.close())
    dataProviderSuite({ describe, it }, {
      name,
      open: async () => {
        await host.empty(['photos', 'albums'])
        return new ElectricHarness(host)
      },
    })
  })
}
