import type { LocalState } from '../model/ledger-entry.ts'

/** What can happen to the bytes of a blob on this device. Spec: docs/spec/ledger.md. */
export type LocalEvent =
  | 'staged'
  /** A write that brought these bytes commits. */
  | 'claimCommit'
  | 'fetched'
  | 'evictBegin'
  | 'evictDone'
  /** A read found nothing, or bytes of another hash. */
  | 'missing'
  /** A new session finds the record as the dead one left it. */
  | 'startUp'

/** `stay`: nothing changes. `bug`: cannot happen while the locks are kept. */
type Cell = LocalState | 'stay' | 'bug' | 'evictingIfEvictable' | 'absentIfStoredElseLost'

export const LOCAL_TABLE: Readonly<Record<LocalState, Readonly<Record<LocalEvent, Cell>>>> = {
  absent: { staged: 'staged', claimCommit: 'bug', fetched: 'present', evictBegin: 'stay', evictDone: 'stay', missing: 'stay', startUp: 'stay' },
  staged: { staged: 'staged', claimCommit: 'present', fetched: 'present', evictBegin: 'stay', evictDone: 'bug', missing: 'absent', startUp: 'absent' },
  present: { staged: 'stay', claimCommit: 'present', fetched: 'present', evictBegin: 'evictingIfEvictable', evictDone: 'bug', missing: 'absentIfStoredElseLost', startUp: 'stay' },
  // Whoever stages or fetches holds the blob's lock, so the one who began to evict is dead: the bytes are taken back.
  evicting: { staged: 'staged', claimCommit: 'bug', fetched: 'present', evictBegin: 'evicting', evictDone: 'absent', missing: 'absent', startUp: 'evicting' },
  lost: { staged: 'staged', claimCommit: 'present', fetched: 'present', evictBegin: 'evictingIfEvictable', evictDone: 'stay', missing: 'stay', startUp: 'stay' },
}

/** What decides the conditional cells. */
export interface LocalFacts {
  readonly evictable: boolean
  readonly storedSomewhere: boolean
}

/** @throws Error in a cell that cannot happen: a bug of ours, never input. */
export function nextLocal(state: LocalState, event: LocalEvent, facts: LocalFacts): LocalState {
  const cell = LOCAL_TABLE[state][event]
  if (cell === 'bug') throw new Error(`ledger: ${event} while ${state}`)
  if (cell === 'stay') return state
  if (cell === 'evictingIfEvictable') return facts.evictable ? 'evicting' : state
  if (cell === 'absentIfStoredElseLost') return facts.storedSomewhere ? 'absent' : 'lost'
  return cell
}
