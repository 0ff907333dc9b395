import type { PendingItem, SyncStatus } from '@bse/core'
import type { Photo } from '../sync.ts'

/** `saving`: not yet crash-safe. `saved`: on this device only. `paused`: the same, and held back by the person. `parked`: waits for the person. */
export type PhotoState =
  | { readonly is: 'saving' | 'saved' | 'paused' | 'synced' }
  | { readonly is: 'uploading'; readonly percent: number }
  /** `ids` are those that can be tried again. */
  | { readonly is: 'parked'; readonly reason: string; readonly ids: readonly string[] }

/** What is pending, by the photo that it belongs to. */
export type PendingByPhoto = ReadonlyMap<string, readonly PendingItem[]>

export function pendingByPhoto(pending: readonly PendingItem[]): PendingByPhoto {
  const byPhoto = new Map<string, PendingItem[]>()
  for (const item of pending) {
    for (const id of photoIdsOf(item)) {
      const items = byPhoto.get(id)
      if (items === undefined) byPhoto.set(id, [item])
      else if (!items.includes(item)) items.push(item)
    }
  }
  return byPhoto
}

function photoIdsOf(item: PendingItem): readonly string[] {
  if (item.type !== 'upload') return item.table === 'photos' ? [item.rowId] : []
  return item.rows.filter((cell) => cell.table === 'photos').map((cell) => cell.id)
}

/** `items` are those of this photo. A row that is with the server keeps its bytes' state, and the other way round. */
export function photoState(photo: Photo, items: readonly PendingItem[], { online }: Pick<SyncStatus, 'online'>): PhotoState {
  if (photo.image.hash.startsWith('pending:')) return { is: 'saving' }
  const stuck = items.filter(isStuck)
  if (stuck.length > 0) return { is: 'parked', reason: reasonOf(stuck), ids: stuck.filter((item) => item.state === 'parked').map((item) => item.id) }
  if (items.length === 0) return { is: 'synced' }
  if (items.some((item) => item.state === 'paused')) return { is: 'paused' }
  const sending = items.find((item) => item.state === 'uploading')
  // A try without a network has this state for an instant, too.
  if (sending?.type === 'upload' && (online || sending.progress > 0)) return { is: 'uploading', percent: Math.floor(sending.progress * 100) }
  const rowOnItsWay = online && items.every((item) => item.state === 'sending' || item.state === 'sent')
  return rowOnItsWay ? { is: 'uploading', percent: 100 } : { is: 'saved' }
}

function isStuck(item: PendingItem): boolean {
  return item.state === 'parked' || item.state === 'conflict' || item.state === 'lost'
}

const REASONS: Readonly<Record<string, string>> = {
  TOO_LARGE: 'Too large for the server',
  REJECTED: 'Refused by the server',
  FORBIDDEN: 'You may not add to this album',
  HASH_MISMATCH: 'Damaged on this device',
  BLOB_MISSING: 'Removed by the browser',
}

function reasonOf(stuck: readonly PendingItem[]): string {
  const lost = stuck.some((item) => item.state === 'lost')
  const code = stuck.find((item) => item.reason !== undefined)?.reason?.code ?? ''
  return REASONS[lost ? 'BLOB_MISSING' : code] ?? `Could not be sent${code === '' ? '' : ` (${code})`}`
}

export const STATE_WORDS: Readonly<Record<PhotoState['is'], string>> = {
  saving: 'Saving',
  saved: 'On this device',
  paused: 'Paused, on this device',
  uploading: 'Uploading',
  synced: 'Synced',
  parked: 'Needs you',
}
