import { DataDevice, type DataDeviceOptions } from './data-device.ts'
import type { DataHarness } from './data-harness.ts'
import { dataMergeCases } from './data-merge-cases.ts'
import { dataPushCases } from './data-push-cases.ts'
import { dataRowCases } from './data-row-cases.ts'
import { dataSessionCases } from './data-session-cases.ts'
import { dataSettleCases } from './data-settle-cases.ts'
import type { DataCase } from './data-suite-case.ts'
import { dataValueCases } from './data-value-cases.ts'
import { registerSuite, type KnownGaps, type SuiteRunner } from './suite.ts'

export interface DataProviderSuiteOptions {
  /** Of the adapter. */
  readonly name: string
  /** A fresh backend with no rows, which offers `dataSuiteTables`. */
  readonly open: () => Promise<DataHarness>
  readonly knownGaps?: KnownGaps
}

/** What every DataProvider keeps. */
export const dataProviderCases: readonly DataCase[] = [
  ...dataRowCases, ...dataValueCases, ...dataPushCases, ...dataSettleCases, ...dataSessionCases, ...dataMergeCases,
]

/** The rules that every `DataProvider` keeps. Each case has a backend of its own and devices that share it. */
export function dataProviderSuite(runner: SuiteRunner, { name, open, knownGaps }: DataProviderSuiteOptions): void {
  registerSuite(runner, {
    title: `DataProvider: ${name}`,
    cases: dataProviderCases,
    knownGaps,
    runCase: async (suiteCase) => runDataCase(suiteCase, await open()),
  })
}

/** Runs one case on a fresh backend, and closes that and every device afterwards. */
export async function runDataCase(suiteCase: DataCase, harness: DataHarness, options: DataDeviceOptions = {}): Promise<void> {
  const devices: DataDevice[] = []
  const device = async (): Promise<DataDevice> => {
    const opened = new DataDevice(harness, options)
    devices.push(opened)
    return opened.start()
  }
  try {
    await suiteCase.run({ device })
  } finally {
    for (const opened of devices) await opened.close()
    await harness.close()
  }
}
