import { canSend, remoteOf } from '../ledger/entry.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { dueInMs } from './backoff.ts'

/** The reason of an item that the person has given up for now. */
export const CANCELLED = 'CANCELLED'

export interface UploadPlan {
  /** Owed, due and present. Those that failed less often first, so that none is tried over and over; then small ones: a video does not hold back a thumbnail. */
  readonly start: readonly LedgerEntry[]
  /** Their last claim went while bytes were on the way: to be abandoned. */
  readonly cancel: readonly LedgerEntry[]
  /** In hand, and held back or given up by the person: to be stopped where they are. */
  readonly stop: readonly LedgerEntry[]
  /** How long until the next one becomes due; `undefined` when nothing waits for time alone. */
  readonly nextInMs: number | undefined
}

/** What to do now, from the ledger alone. `busy` are those that a worker of this session has in hand. */
export function planUploads(
  entries: Iterable<LedgerEntry>, remoteId: string, busy: ReadonlySet<BlobHash>, nowMs: number, slots: number, isPaused: (hash: BlobHash) => boolean,
): UploadPlan {
  const due: LedgerEntry[] = []
  const cancel: LedgerEntry[] = []
  const stop: LedgerEntry[] = []
  let nextInMs: number | undefined
  for (const entry of entries) {
    const remote = remoteOf(entry, remoteId)
    if (remote.state === 'cancelling') cancel.push(entry)
    if (busy.has(entry.hash) && (isPaused(entry.hash) || remote.reason?.code === CANCELLED)) stop.push(entry)
    if (isPaused(entry.hash)) continue
    if (remote.state !== 'owed' || !canSend(entry) || busy.has(entry.hash)) continue
    const waitMs = dueInMs(remote.nextAtMs, nowMs)
    if (waitMs === 0) due.push(entry)
    else nextInMs = Math.min(nextInMs ?? Infinity, waitMs)
  }
  const failures = (entry: LedgerEntry): number => remoteOf(entry, remoteId).failures
  due.sort((a, b) => failures(a) - failures(b) || a.sizeBytes - b.sizeBytes || (a.hash < b.hash ? -1 : 1))
  return { start: due.slice(0, Math.max(0, slots)), cancel, stop, nextInMs }
}
