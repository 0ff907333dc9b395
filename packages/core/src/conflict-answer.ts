import { withoutClaim } from './ledger/entry.ts'
import { ledgerOps } from './ledger/records.ts'
import type { ConflictOutcome } from './model/conflict.ts'
import { hashesOf, type MutationRecord } from './model/mutation.ts'
import { DISCARDED_KEY, withDiscarded } from './mutation/discarded.ts'
import { claimKeys, overlaidGet, settle, settledOps } from './mutation/settle.ts'
import { losersOf, withSuperseded } from './mutation/superseded.ts'
import type { StateOp } from './provider/state-store.ts'
import { ledgerKey, mutationKey, SUPERSEDED_KEY } from './state/keys.ts'
import { readLedgerEntry, readMutation } from './state/records.ts'
import type { ActionDeps } from './user-actions.ts'
import { blobNamedBy } from './wire/blob-ref.ts'
import type { MutationOp, RowWire } from './wire/mutation-wire.ts'

/** What an app decided about an open conflict. */
export interface ConflictDecision {
  readonly outcome: Exclude<ConflictOutcome, 'open'>
  /** The values that are written instead of the person's. */
  readonly merged: RowWire | undefined
  /** The whole row, where it has to be made again. */
  readonly restored: RowWire | undefined
  readonly nowMs: number
}

/** Answers whether the conflict was still as it was seen: somebody else may have decided, or the rows may contain the write by now. */
export function answerConflict(deps: ActionDeps, seen: MutationRecord, decision: ConflictDecision): Promise<boolean> {
  const key = mutationKey(seen.seq)
  return deps.state.update([key, DISCARDED_KEY, SUPERSEDED_KEY, ...claimKeys(seen)], (get) => {
    const record = readMutation(get(key))
    if (record?.state.is !== 'conflict' || record.revision !== seen.revision) return { ops: [], result: false }
    const { at, current } = record.state
    const decided = decidedRecord(record, at, current, decision)
    const event = decision.outcome === 'remote' ? 'userDiscard' : 'userRetry'
    const settled = settle(decided, event, { acknowledges: 'server' })
    const ops = [...settledOps(decided, settled, get, deps.references)]
    if (settled.record !== undefined) ops.push(...unclaimed(deps, record, settled.record, overlaidGet(get, ops)))
    return { ops: [...ops, ...afterConflict(record, decision, settled.discarded, get)], result: true }
  }, { durability: 'strict' })
}

function decidedRecord(record: MutationRecord, at: number, current: RowWire | null, { merged, restored }: ConflictDecision): MutationRecord {
  const ops = record.ops.map((op, index): MutationOp => {
    if (index !== at) return op
    const kind = op.kind === 'delete' && merged !== undefined ? 'update' : op.kind
    const values = merged ?? op.values
    return current === null && restored !== undefined ? { ...op, kind: 'upsert', values: { ...restored, ...values }, previous: null } : { ...op, kind, values }
  })
  return { ...record, ops }
}

/** The claims on bytes that the decided write does not name any more. */
function unclaimed(deps: ActionDeps, before: MutationRecord, after: MutationRecord, get: (key: string) => unknown): readonly StateOp[] {
  const kept = hashesOf(after.ops)
  return [...hashesOf(before.ops)].filter((hash) => !kept.has(hash)).flatMap((hash) => {
    const entry = readLedgerEntry(get(ledgerKey(hash)))
    return entry === undefined ? [] : ledgerOps(withoutClaim(entry, before.id, deps.references.count(hash) > 0))
  })
}

/** What is remembered of the side that lost. */
function afterConflict(
  record: MutationRecord, { outcome, merged, nowMs }: ConflictDecision, discarded: boolean, get: (key: string) => unknown,
): readonly StateOp[] {
  const ops: StateOp[] = discarded ? [{ put: DISCARDED_KEY, value: withDiscarded(get(DISCARDED_KEY), record.id) }] : []
  if (record.state.is !== 'conflict') return ops
  const sides = outcome === 'merged' ? (['local', 'remote'] as const) : [outcome === 'local' ? ('remote' as const) : ('local' as const)]
  const kept = new Set(Object.values(merged ?? {}).flatMap((cell) => blobNamedBy(cell) ?? []))
  const divergence = record.state
  const losers = sides.flatMap((side) => losersOf(record, divergence, side, nowMs)).filter(({ ref }) => !kept.has(ref.hash))
  if (losers.length > 0) ops.push({ put: SUPERSEDED_KEY, value: withSuperseded(get(SUPERSEDED_KEY), losers) })
  return ops
}
