import { storedSomewhere } from '../ledger/entry.ts'
import type { LedgerEntry, LocalState, RemoteState } from '../model/ledger-entry.ts'

/** What is done about a blob that a server says it has. Total over what this device knows of its bytes. */
const FETCH: Readonly<Record<LocalState, 'fetch' | 'fetchUnlessLetGo' | 'nothing'>> = {
  // Bytes that a server has and that are not here were here once: evicted, which is not to be undone at once.
  absent: 'fetchUnlessLetGo',
  staged: 'nothing',
  present: 'nothing',
  evicting: 'nothing',
  // This device's own copy rotted: somebody else has a good one.
  lost: 'fetch',
}

/** What is done about bytes of this device that a server says it lacks. Total over what the ledger believes of that server. */
const PUSH: Readonly<Record<RemoteState, 'ask' | 'nothing'>> = {
  unknown: 'ask',
  absent: 'ask',
  // The upload manager has it in hand.
  owed: 'nothing',
  uploading: 'nothing',
  cancelling: 'nothing',
  // A server that has lost what it acknowledged; or its word is older than the acknowledgement. It is asked.
  stored: 'ask',
  // Refused for good, or held back by the person.
  parked: 'nothing',
  gone: 'nothing',
}

export function isToFetch(entry: LedgerEntry | undefined): boolean {
  const cell = FETCH[entry?.local ?? 'absent']
  return cell === 'fetch' || (cell === 'fetchUnlessLetGo' && (entry === undefined || !storedSomewhere(entry)))
}

/** Whether the server is to be asked, by `stat`, if it lacks the bytes in truth: only then they are sent. */
export function isToAsk(entry: LedgerEntry | undefined, remoteId: string): boolean {
  if (entry?.local !== 'present') return false
  return PUSH[entry.remotes[remoteId]?.state ?? 'unknown'] === 'ask'
}
