import type { PendingItem, PendingMutation, PendingUpload, SyncStatus } from '@bse/core'
import { bytes, counted } from './words.ts'

/** One line of the queue: what it is, and why it is not with the server yet. */
export interface QueueLine {
  readonly key: string
  readonly what: string
  readonly why: string
  readonly percent: number | undefined
  /** Set where the person can do something about it. */
  readonly retryId: string | undefined
}

const WRITES = { insert: 'New', update: 'Changed', upsert: 'Changed', delete: 'Deleted' } as const

export function queueLines(pending: readonly PendingItem[], online: SyncStatus['online'], nameOfRow: (id: string) => string | undefined): readonly QueueLine[] {
  return pending.map((item) => (item.type === 'upload' ? uploadLine(item, online, nameOfRow) : writeLine(item, online, nameOfRow)))
}

function uploadLine(item: PendingUpload, online: boolean, nameOfRow: (id: string) => string | undefined): QueueLine {
  const [cell] = item.rows
  const name = cell === undefined ? undefined : nameOfRow(cell.id)
  const kind = cell?.column === 'audio' ? 'Voice note' : 'Photo'
  return {
    key: item.id,
    what: `${kind}${name === undefined ? '' : ` “${name}”`}, ${bytes(item.size)}`,
    why: whyUpload(item, online),
    percent: item.state === 'uploading' && item.progress > 0 ? Math.floor(item.progress * 100) : undefined,
    retryId: item.state === 'parked' ? item.id : undefined,
  }
}

function whyUpload({ state, attempts, progress, reason }: PendingUpload, online: boolean): string {
  if (state === 'uploading' && (online || progress > 0)) return `${Math.floor(progress * 100)} % sent`
  if (state === 'paused') return 'paused'
  if (state === 'lost') return 'the browser has removed its bytes'
  if (state === 'parked') return `refused ${counted(attempts, 'time')}: ${reason?.code ?? 'no reason given'}`
  return online ? 'waits for its turn' : 'waits for the network'
}

function writeLine(item: PendingMutation, online: boolean, nameOfRow: (id: string) => string | undefined): QueueLine {
  const name = nameOfRow(item.rowId)
  const kind = item.table === 'albums' ? 'album' : 'entry'
  return {
    key: `${item.id}:${item.rowId}`,
    what: `${WRITES[item.type]} ${kind}${name === undefined ? '' : ` “${name}”`}`,
    why: whyWrite(item, online),
    percent: undefined,
    retryId: item.state === 'parked' ? item.id : undefined,
  }
}

function whyWrite({ state, reason, waitsFor }: PendingMutation, online: boolean): string {
  if (state === 'parked') return `refused: ${reason?.code ?? 'no reason given'}`
  if (state === 'paused') return 'paused'
  if (state === 'conflict') return 'somebody else changed it'
  if (waitsFor.blobs.length > 0) return waitsFor.blobs.length === 1 ? 'waits for its file' : `waits for its ${waitsFor.blobs.length} files`
  if (waitsFor.mutations.length > 0) return `waits for ${counted(waitsFor.mutations.length, 'earlier change')}`
  if (!online) return 'waits for the network'
  return state === 'sent' ? 'sent, not confirmed yet' : 'is being sent'
}
