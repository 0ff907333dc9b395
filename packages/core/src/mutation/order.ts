import type { MutationRecord } from '../model/mutation.ts'
import { hashesOf, rowKey } from '../model/mutation.ts'
import { dueInMs } from '../upload/backoff.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { MutationOp } from '../wire/mutation-wire.ts'

/** What a queued write waits for: derived from the queue and the ledger, never stored. */
export interface Waiting {
  readonly forBlobs: readonly BlobHash[]
  /** Ids of earlier writes. */
  readonly forMutations: readonly string[]
}

export interface OrderFacts {
  /** Whether the remote that rows depend on has the bytes; `true` also for blobs that this device does not owe. */
  readonly blobReady: (hash: BlobHash) => boolean
  /** Columns of a table that hold ids of another's rows. */
  /** What the person holds back, by id. Left out: nothing. */
  readonly isPaused?: (id: string) => boolean
  readonly refColumns: (table: string) => readonly { readonly column: string; readonly table: string }[]
}

export interface PushPlan {
  /** To be sent now, in this order; no two of them touch the same row. */
  readonly ready: readonly MutationRecord[]
  /** How long until the next one becomes due; `undefined` when nothing waits for time alone. */
  readonly nextInMs: number | undefined
}

/** Settled states hold nothing back: the server (or the replica, in order) has them. */
function holdsBack(record: MutationRecord): boolean {
  return record.state.is !== 'applied' && record.state.is !== 'handed'
}

function overlaps(a: MutationOp, b: MutationOp): boolean {
  if (rowKey(a.table, a.rowId) !== rowKey(b.table, b.rowId)) return false
  if (a.kind !== 'update' || b.kind !== 'update') return true
  return Object.keys(b.values).some((column) => Object.hasOwn(a.values, column))
}

/** What each unsettled write of the queue (given in order) waits for. */
export function waitingOf(queue: readonly MutationRecord[], facts: OrderFacts): ReadonlyMap<string, Waiting> {
  const earlier = new Map<string, MutationRecord[]>()
  const creators = new Map<string, MutationRecord>()
  for (const record of queue) {
    if (!holdsBack(record)) continue
    for (const op of record.ops) if (op.kind === 'insert' || op.kind === 'upsert') creators.set(rowKey(op.table, op.rowId), record)
  }
  const waiting = new Map<string, Waiting>()
  for (const record of queue) {
    if (!holdsBack(record)) continue
    const before = new Set<string>()
    for (const op of record.ops) {
      const key = rowKey(op.table, op.rowId)
      for (const other of earlier.get(key) ?? []) if (other.ops.some((theirs) => overlaps(theirs, op))) before.add(other.id)
      for (const ref of facts.refColumns(op.table)) {
        const creator = creators.get(rowKey(ref.table, String(op.values[ref.column])))
        // A row may refer to itself, and to rows of its own batch; two inserts that refer to each other go in queue order.
        if (creator !== undefined && creator.seq < record.seq) before.add(creator.id)
      }
    }
    for (const op of record.ops) {
      const key = rowKey(op.table, op.rowId)
      earlier.set(key, [...(earlier.get(key) ?? []), record])
    }
    const forBlobs = [...hashesOf(record.ops)].filter((hash) => !facts.blobReady(hash))
    waiting.set(record.id, { forBlobs, forMutations: [...before] })
  }
  return waiting
}

/** What can be pushed now: nothing it waits for, due, and not in somebody's hand. */
export function planPushes(queue: readonly MutationRecord[], facts: OrderFacts, nowMs: number, maxCount: number): PushPlan {
  const ready: MutationRecord[] = []
  let nextInMs: number | undefined
  const waiting = waitingOf(queue, facts)
  for (const record of queue) {
    if (record.state.is !== 'queued' && record.state.is !== 'discarding') continue
    if (facts.isPaused?.(record.id) === true) continue
    const needs = waiting.get(record.id)
    if (needs === undefined || needs.forBlobs.length + needs.forMutations.length > 0) continue
    const waitMs = dueInMs(record.nextAtMs, nowMs)
    if (waitMs > 0) nextInMs = Math.min(nextInMs ?? Infinity, waitMs)
    else if (ready.length < maxCount) ready.push(record)
  }
  return { ready, nextInMs }
}
