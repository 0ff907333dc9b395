import type { DataDevice } from './data-device.ts'
import type { SuiteCase } from './suite.ts'

export interface DataSuiteContext {
  /** A new device with storage of its own, on the backend that the case's other devices use. */
  device(): Promise<DataDevice>
}

export type DataCase = SuiteCase<DataSuiteContext>

export const rowId = '018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a01'
export const otherId = '018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a02'
