import { useSyncStatus } from '@bse/react'
import { useSyncExternalStore } from 'react'
import { photoImport } from '../page.ts'
import { network, type Sync } from '../sync.ts'
import { pendingByPhoto } from './photo-state.ts'
import { counted } from './words.ts'

/** The state of everything, in one word for looks and one line for people. */
export interface SyncSummary {
  readonly is: 'synced' | 'importing' | 'uploading' | 'waiting' | 'paused' | 'parked'
  readonly text: string
  /** Uploads and changes that the server does not have. */
  readonly count: number
}

export function useSyncSummary(): SyncSummary {
  const { online, paused, pending } = useSyncStatus<Sync>()
  const importing = useSyncExternalStore(photoImport.subscribe, photoImport.getSnapshot)
  const isSwitchedOn = useNetworkSwitch()
  const count = pending.length
  const stuck = pending.filter(({ state }) => state === 'parked' || state === 'conflict' || state === 'lost').length
  // Photos are what people count; an album that is new, too, says nothing to them unless it is alone.
  const items = pendingByPhoto(pending).size || count
  if (importing.total > 0) return { is: 'importing', text: `Saving ${Math.min(importing.done + 1, importing.total)} of ${importing.total}`, count }
  if (stuck > 0) return { is: 'parked', text: `${stuck} ${stuck === 1 ? 'needs' : 'need'} you`, count }
  if (count === 0) return { is: 'synced', text: 'All synced', count }
  if (paused || pending.every(({ state }) => state === 'paused')) return { is: 'paused', text: `${items} paused`, count }
  // Bytes that move say more than the last answer, which may be minutes old.
  const moves = pending.some((item) => item.type === 'upload' && item.state === 'uploading' && item.progress > 0)
  if (!isSwitchedOn || (!online && !moves)) return { is: 'waiting', text: `${items} kept here`, count }
  return { is: 'uploading', text: `Sending ${counted(items, 'item')}`, count }
}

/** Whether the person allows the network to be used. */
export function useNetworkSwitch(): boolean {
  return useSyncExternalStore(
    (listener) => network.subscribe(listener),
    () => network.online,
  )
}
