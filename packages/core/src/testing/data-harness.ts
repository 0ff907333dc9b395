import type { Logger } from '../provider/context.ts'
import type { DataConnection, DataContext, TableShape } from '../provider/data-provider.ts'
import type { TestDataStorage } from './data-storage.ts'
import { plainProviderContext } from './provider-context.ts'

/** One device as the harness opened it: a provider, connected, with a network of its own. */
export interface OpenedData {
  readonly connection: DataConnection
  /** Cuts this device off. Resolves when nothing gets through any more. */
  cut(): Promise<void>
  restore(): Promise<void>
  /** The process ends without a word: no `close`, nothing flushed. */
  kill(): Promise<void>
}

/** Opens devices that share one backend. */
export interface DataHarness {
  /** `device` names a device over its restarts: a network that was cut is still cut when the device comes back. */
  open(context: DataContext, device: string): Promise<OpenedData>
  close(): Promise<void>
}

/** The tables that every backend of the suite has to offer. */
export const dataSuiteTables: readonly TableShape[] = [
  {
    name: 'photos',
    columns: [
      { name: 'title', type: 'string', optional: false },
      { name: 'caption', type: 'string', optional: true },
      { name: 'place', type: 'string', optional: true },
      { name: 'position', type: 'integer', optional: true },
      { name: 'rating', type: 'number', optional: true },
      { name: 'public', type: 'boolean', optional: true },
      { name: 'takenAt', type: 'datetime', optional: true },
      { name: 'meta', type: 'json', optional: true },
      { name: 'image', type: 'blob', optional: true },
    ],
  },
  { name: 'albums', columns: [{ name: 'name', type: 'string', optional: false }] },
]

export function dataTestContext(storage: TestDataStorage, tables: readonly TableShape[] = dataSuiteTables, logger?: Logger): DataContext {
  return {
    ...plainProviderContext(logger === undefined ? {} : { logger }),
    tables,
    storage,
    assertLease: () => storage.assertLease(),
    reachable: () => undefined,
  }
}
