import type { DataProvider } from '@bse/core/provider'
import { electricData, type ElectricDataOptions } from '@bse/data-electric'
import { yjsData } from '@bse/data-yjs'
import { Doc } from 'yjs'
import type { NetworkSwitch } from './network-switch.ts'
import { switchedRows } from './switched.ts'

/** How rows travel: over Yjs, or by Electric's protocol if the build was given its options as VITE_ELECTRIC. There all rooms are one. */
export function rows(room: string, network: NetworkSwitch): DataProvider {
  const given = import.meta.env.VITE_ELECTRIC ?? ''
  if (given !== '') return electricData(JSON.parse(given) as ElectricDataOptions)
  const doc = new Doc()
  return yjsData({ doc, sync: () => switchedRows({ room, doc, network }) })
}
