import { afterAll, beforeAll, describe, it, vi } from 'vitest'
import { dataProviderSuite } from '@bse/core/testing'
import { ElectricHarness } from './electric-harness.ts'
import { ElectricHost, type TestDatabase } from './electric-host.ts'
import { SUITE_TABLES } from './suite-tables.ts'

/** One server for all cases, emptied before each: the shapes of the case before are given up by that. */
export function suiteOn(name: string, open: () => Promise<TestDatabase>): void {
  // A thousand writes are a thousand transactions, and the machine may be busy.
  vi.setConfig({ testTimeout: 120_000 })
  describe(name, () => {
    let host: ElectricHost
    beforeAll(async () => {
      host = await ElectricHost.open(await open(), SUITE_TABLES)
    }, 120_000)
    afterAll(() => host.close())
    dataProviderSuite({ describe, it }, {
      name,
      open: async () => {
        await host.database.run('truncate photos, albums')
        return new ElectricHarness(host)
      },
    })
  })
}
