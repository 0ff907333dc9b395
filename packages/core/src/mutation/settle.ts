import { withoutClaim } from '../ledger/entry.ts'
import { ledgerOps } from '../ledger/records.ts'
import type { References } from '../ledger/ledger.ts'
import { claimedHashes, type MutationRecord, type MutationState, type ParkReason } from '../model/mutation.ts'
import type { StateOp } from '../provider/state-store.ts'
import { ledgerKey, mutationKey } from '../state/keys.ts'
import { readLedgerEntry } from '../state/records.ts'
import type { Json } from '../wire/json.ts'
import { rebased, type Divergence } from './rebase.ts'
import { mutationCell, type MutationEvent } from './transition.ts'

/** What an event carries beside its name. */
export interface EventData {
  readonly epoch?: number
  readonly token?: Json
  /** The server's row, where it is not as the person saw it. */
  readonly divergence?: Divergence
  readonly reason?: ParkReason
  readonly nextAtMs?: number
  readonly countsAttempt?: boolean
  readonly acknowledges: 'server' | 'replica'
}

/** The record after an event; `undefined` when the write is done or taken back (`discarded`). */
export interface Settled {
  readonly record: MutationRecord | undefined
  readonly discarded: boolean
  readonly refused: boolean
}

export function settle(record: MutationRecord, event: MutationEvent, data: EventData): Settled {
  const cell = mutationCell(record.state.is, event)
  const keep = (next: MutationRecord): Settled => ({ record: next, discarded: false, refused: false })
  switch (cell) {
    case 'stay': return keep(record)
    case 'refuse': return { record, discarded: false, refused: true }
    case 'gone': return { record: undefined, discarded: false, refused: false }
    case 'goneByDiscard': return { record: undefined, discarded: true, refused: false }
    case 'goneOrHanded':
      return data.acknowledges === 'server'
        ? { record: undefined, discarded: false, refused: false }
        : keep({ ...record, sent: true, state: { is: 'handed', token: data.token ?? null, overlay: false } })
    case 'goneOrOverlayOff': return data.acknowledges === 'server' ? { record: undefined, discarded: false, refused: false } : keep(withoutOverlay(record))
    case 'overlayOff': return keep(withoutOverlay(record))
    default: return keep(moved(record, stateOf(cell, record, data), event, data))
  }
}

function withoutOverlay(record: MutationRecord): MutationRecord {
  const { state } = record
  return (state.is === 'handed' || state.is === 'parked') && state.overlay ? { ...record, state: { ...state, overlay: false } } : record
}

function stateOf(name: MutationState['is'], record: MutationRecord, data: EventData): MutationState {
  const epoch = data.epoch ?? 0
  switch (name) {
    case 'queued': return { is: 'queued' }
    case 'pushing': return { is: 'pushing', epoch }
    case 'discarding': return { is: 'discarding', epoch }
    case 'applied': return { is: 'applied', token: data.token ?? null }
    case 'handed': return { is: 'handed', token: data.token ?? null, overlay: true }
    case 'conflict': return { is: 'conflict', current: data.divergence?.current ?? null, at: data.divergence?.at ?? 0 }
    case 'parked': {
      const overlay = record.state.is === 'handed' ? record.state.overlay : true
      return { is: 'parked', reason: data.reason ?? { code: 'REJECTED', message: 'the server refused it' }, overlay }
    }
  }
}

function moved(record: MutationRecord, state: MutationState, event: MutationEvent, data: EventData): MutationRecord {
  const anew = event === 'userRetry'
  return {
    ...record,
    ops: opsAfter(record, event, data),
    state,
    sent: record.sent || event === 'push',
    attempts: anew ? 0 : record.attempts + (data.countsAttempt === true ? 1 : 0),
    failures: anew || event === 'push' ? (anew ? 0 : record.failures) : event === 'retry' ? record.failures + 1 : 0,
    nextAtMs: event === 'retry' ? (data.nextAtMs ?? 0) : 0,
  }
}

/** A write that is to be in force although the server has other values is sent as if the person had seen those. */
function opsAfter(record: MutationRecord, event: MutationEvent, { divergence }: EventData): MutationRecord['ops'] {
  if (event === 'retry' && divergence !== undefined) return rebased(record.ops, divergence)
  return event === 'userRetry' && record.state.is === 'conflict' ? rebased(record.ops, record.state) : record.ops
}

/** The ledger keys that `settledOps` reads for this record: put them into `read` of the update. */
export function claimKeys(record: MutationRecord): readonly string[] {
  return [...claimedHashes(record)].map(ledgerKey)
}

/** The writes that make `settled` true: the record, or its deletion with the claims it held. */
export function settledOps(before: MutationRecord, settled: Settled, get: (key: string) => unknown, references: References): readonly StateOp[] {
  const key = mutationKey(before.seq)
  if (settled.record !== undefined) return settled.record === before ? [] : [{ put: key, value: settled.record }]
  return [{ delete: key }, ...dropClaims(before, get, references)]
}

/** `get` must see earlier drops of the same update: two writes of one batch may hold the same blob. */
function dropClaims(record: MutationRecord, get: (key: string) => unknown, references: References): readonly StateOp[] {
  const ops: StateOp[] = []
  for (const hash of claimedHashes(record)) {
    const entry = readLedgerEntry(get(ledgerKey(hash)))
    if (entry !== undefined) ops.push(...ledgerOps(withoutClaim(entry, record.id, references.count(hash) > 0)))
  }
  return ops
}

/** Reads through to what this very update is about to write. */
export function overlaidGet(get: (key: string) => unknown, ops: readonly StateOp[]): (key: string) => unknown {
  return (key) => {
    for (let index = ops.length - 1; index >= 0; index--) {
      const op = ops[index]
      if (op === undefined) continue
      if ('put' in op && op.put === key) return op.value
      if ('delete' in op && op.delete === key) return undefined
    }
    return get(key)
  }
}
