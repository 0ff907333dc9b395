import type { RemoteState } from '../model/ledger-entry.ts'

/** What can happen between a blob and one remote. Spec: docs/spec/ledger.md. */
export type RemoteEvent =
  | 'claim'
  | 'start'
  | 'ack'
  | 'failRetryable'
  | 'failFinal'
  | 'lastClaimDropped'
  | 'abandoned'
  | 'statStored'
  | 'statAbsent'
  | 'gone'
  | 'newEpoch'
  | 'bytesLost'
  | 'retry'
  | 'needsBlobs'
  /** The person holds it back: what was on its way stops where it is. */
  | 'interrupted'
  /** The person gives the transfer up, but not the rows: they say when to try again. */
  | 'userCancel'

type Cell = RemoteState | 'stay' | 'bug' | 'unknownIfUnreferenced' | 'owedIfWanted' | 'goneUnlessWanted' | 'owedIfPresent'

export const REMOTE_TABLE: Readonly<Record<RemoteState, Readonly<Record<RemoteEvent, Cell>>>> = {
  unknown: {
    claim: 'owed', start: 'bug', ack: 'stored', failRetryable: 'stay', failFinal: 'stay', lastClaimDropped: 'stay', abandoned: 'stay',
    statStored: 'stored', statAbsent: 'absent', gone: 'gone', newEpoch: 'stay', bytesLost: 'stay', retry: 'stay', needsBlobs: 'owedIfPresent',
    interrupted: 'stay', userCancel: 'stay',
  },
  absent: {
    claim: 'owed', start: 'bug', ack: 'stored', failRetryable: 'stay', failFinal: 'stay', lastClaimDropped: 'stay', abandoned: 'stay',
    statStored: 'stored', statAbsent: 'stay', gone: 'gone', newEpoch: 'stay', bytesLost: 'stay', retry: 'stay', needsBlobs: 'owedIfPresent',
    interrupted: 'stay', userCancel: 'stay',
  },
  owed: {
    claim: 'stay', start: 'uploading', ack: 'stored', failRetryable: 'stay', failFinal: 'parked', lastClaimDropped: 'unknown', abandoned: 'stay',
    statStored: 'stored', statAbsent: 'stay', gone: 'stay', newEpoch: 'stay', bytesLost: 'parked', retry: 'stay', needsBlobs: 'stay',
    interrupted: 'stay', userCancel: 'parked',
  },
  uploading: {
    claim: 'stay', start: 'bug', ack: 'stored', failRetryable: 'owed', failFinal: 'parked', lastClaimDropped: 'cancelling', abandoned: 'stay',
    statStored: 'stored', statAbsent: 'stay', gone: 'stay', newEpoch: 'owed', bytesLost: 'parked', retry: 'stay', needsBlobs: 'stay',
    interrupted: 'owed', userCancel: 'parked',
  },
  cancelling: {
    claim: 'owed', start: 'bug', ack: 'stored', failRetryable: 'stay', failFinal: 'unknown', lastClaimDropped: 'stay', abandoned: 'unknown',
    statStored: 'stored', statAbsent: 'unknown', gone: 'gone', newEpoch: 'stay', bytesLost: 'unknown', retry: 'stay', needsBlobs: 'stay',
    interrupted: 'stay', userCancel: 'stay',
  },
  parked: {
    // A new write that names a parked blob: the person acted, so it is owed again.
    claim: 'owed', start: 'bug', ack: 'stored', failRetryable: 'stay', failFinal: 'stay', lastClaimDropped: 'unknown', abandoned: 'stay',
    statStored: 'stored', statAbsent: 'stay', gone: 'stay', newEpoch: 'stay', bytesLost: 'stay', retry: 'owedIfPresent', needsBlobs: 'stay',
    interrupted: 'stay', userCancel: 'stay',
  },
  stored: {
    claim: 'stay', start: 'bug', ack: 'stored', failRetryable: 'stay', failFinal: 'stay', lastClaimDropped: 'unknownIfUnreferenced', abandoned: 'stay',
    statStored: 'stored', statAbsent: 'owedIfWanted', gone: 'goneUnlessWanted', newEpoch: 'stay', bytesLost: 'stay', retry: 'stay', needsBlobs: 'owedIfPresent',
    interrupted: 'stay', userCancel: 'stay',
  },
  gone: {
    claim: 'owed', start: 'bug', ack: 'stored', failRetryable: 'stay', failFinal: 'stay', lastClaimDropped: 'stay', abandoned: 'stay',
    statStored: 'stored', statAbsent: 'stay', gone: 'stay', newEpoch: 'stay', bytesLost: 'stay', retry: 'stay', needsBlobs: 'owedIfPresent',
    interrupted: 'stay', userCancel: 'stay',
  },
}

/** What decides the conditional cells. */
export interface RemoteFacts {
  readonly present: boolean
  readonly claimed: boolean
  /** A row names the blob. */
  readonly referenced: boolean
}

/** @throws Error in a cell that cannot happen: a bug of ours, never input. */
export function nextRemote(state: RemoteState, event: RemoteEvent, facts: RemoteFacts): RemoteState {
  const cell = REMOTE_TABLE[state][event]
  const wanted = facts.present && (facts.claimed || facts.referenced)
  // A queued write needs bytes that are nowhere: the person has to hear of it.
  const missed = !facts.present && facts.claimed
  switch (cell) {
    case 'bug': throw new Error(`ledger: ${event} while ${state}`)
    case 'stay': return state
    case 'unknownIfUnreferenced': return facts.referenced ? state : 'unknown'
    case 'owedIfWanted': return wanted ? 'owed' : missed ? 'parked' : 'absent'
    case 'goneUnlessWanted': return wanted ? 'owed' : missed ? 'parked' : 'gone'
    case 'owedIfPresent': return facts.present ? 'owed' : 'parked'
    default: return cell
  }
}
