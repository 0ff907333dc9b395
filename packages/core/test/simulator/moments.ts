import type { RemoteRecord } from '../../src/model/ledger-entry.ts'
import type { StateOp } from '../../src/provider/index.ts'
import { readLedgerEntry, readMutation } from '../../src/state/records.ts'

/** State updates by what they write: a tab may be made to die at one, or a person to act. */
export const MOMENTS = [
  'local staged', 'local present', 'local evicting', 'local absent', 'local lost',
  'remote owed', 'remote uploading', 'remote cancelling', 'remote stored', 'remote parked', 'remote gone', 'remote checkpoint',
  'mutation queued', 'mutation pushing', 'mutation discarding', 'mutation applied', 'mutation handed', 'mutation conflict', 'mutation parked',
  'mutation gone',
] as const

export type Moment = (typeof MOMENTS)[number]

export function isMoment(moment: Moment, ops: readonly StateOp[]): boolean {
  return ops.some((op) => momentsOf(op).includes(moment))
}

function momentsOf(op: StateOp): readonly string[] {
  if ('deleteRange' in op) return []
  if ('delete' in op) return op.delete.startsWith('mut/') ? ['mutation gone'] : []
  const entry = op.put.startsWith('led/') ? readLedgerEntry(op.value) : undefined
  if (entry !== undefined) return [`local ${entry.local}`, ...Object.values(entry.remotes).flatMap(ofRemote)]
  const record = op.put.startsWith('mut/') ? readMutation(op.value) : undefined
  return record === undefined ? [] : [`mutation ${record.state.is}`]
}

function ofRemote({ state, checkpoint }: RemoteRecord): readonly string[] {
  return [`remote ${state}`, ...(state === 'uploading' && checkpoint !== undefined ? ['remote checkpoint'] : [])]
}
