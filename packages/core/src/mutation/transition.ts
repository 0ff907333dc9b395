import type { MutationState } from '../model/mutation.ts'

type Name = MutationState['is']

/** What can happen to a queued write. Spec: docs/spec/queue.md. */
export type MutationEvent =
  | 'push'
  | 'appliedByServer'
  | 'appliedByReplica'
  | 'contained'
  | 'confirmed'
  | 'rejected'
  | 'conflict'
  | 'retry'
  | 'newEpoch'
  | 'userRetry'
  | 'userDiscard'
  | 'userCancel'

/**
 * `gone`: the record is deleted, in the same commit as the rows that contain it. `goneByDiscard`: deleted, the write is taken
 * back. `overlayOff`: the state stays, the rows contain it by now. `goneOr…`: gone where the rows are the server's, else what is named. `refuse`: the person is told no.
 */
export type MutationCell = Name | 'stay' | 'bug' | 'gone' | 'goneByDiscard' | 'goneOrHanded' | 'goneOrOverlayOff' | 'overlayOff' | 'refuse'

export const MUTATION_TABLE: Readonly<Record<Name, Readonly<Record<MutationEvent, MutationCell>>>> = {
  queued: {
    push: 'pushing', appliedByServer: 'applied', appliedByReplica: 'handed', contained: 'goneOrHanded', confirmed: 'gone', rejected: 'parked',
    conflict: 'conflict', retry: 'queued', newEpoch: 'stay', userRetry: 'stay', userDiscard: 'goneByDiscard', userCancel: 'parked',
  },
  pushing: {
    push: 'bug', appliedByServer: 'applied', appliedByReplica: 'handed', contained: 'goneOrHanded', confirmed: 'gone', rejected: 'parked',
    conflict: 'conflict', retry: 'queued', newEpoch: 'queued', userRetry: 'stay', userDiscard: 'discarding', userCancel: 'stay',
  },
  // It may have arrived already: only the answer tells whether it was in time.
  discarding: {
    push: 'stay', appliedByServer: 'applied', appliedByReplica: 'handed', contained: 'goneOrHanded', confirmed: 'gone', rejected: 'goneByDiscard',
    conflict: 'goneByDiscard', retry: 'goneByDiscard', newEpoch: 'stay', userRetry: 'stay', userDiscard: 'stay', userCancel: 'stay',
  },
  applied: {
    push: 'bug', appliedByServer: 'stay', appliedByReplica: 'stay', contained: 'gone', confirmed: 'gone', rejected: 'parked',
    conflict: 'bug', retry: 'stay', newEpoch: 'stay', userRetry: 'stay', userDiscard: 'refuse', userCancel: 'stay',
  },
  // Its rows may have come by an earlier push, whose answer was lost, before the answer to the later one.
  handed: {
    push: 'bug', appliedByServer: 'stay', appliedByReplica: 'stay', contained: 'overlayOff', confirmed: 'gone', rejected: 'parked',
    conflict: 'stay', retry: 'stay', newEpoch: 'stay', userRetry: 'stay', userDiscard: 'refuse', userCancel: 'stay',
  },
  // A slow push of an older leader may arrive after the one that met the conflict: the rows are the proof.
  conflict: {
    push: 'bug', appliedByServer: 'stay', appliedByReplica: 'stay', contained: 'goneOrHanded', confirmed: 'gone', rejected: 'parked',
    conflict: 'stay', retry: 'stay', newEpoch: 'stay', userRetry: 'queued', userDiscard: 'goneByDiscard', userCancel: 'stay',
  },
  // That a replica's rows contain it does not undo the server's refusal.
  parked: {
    push: 'bug', appliedByServer: 'applied', appliedByReplica: 'handed', contained: 'goneOrOverlayOff', confirmed: 'gone', rejected: 'stay',
    conflict: 'stay', retry: 'stay', newEpoch: 'stay', userRetry: 'queued', userDiscard: 'goneByDiscard', userCancel: 'stay',
  },
}

/** @throws Error in a cell that cannot happen: a bug of ours, never input. */
export function mutationCell(state: Name, event: MutationEvent): Exclude<MutationCell, 'bug'> {
  const cell = MUTATION_TABLE[state][event]
  if (cell === 'bug') throw new Error(`queue: ${event} while ${state}`)
  return cell
}
