import type { MutationRecord } from '../model/mutation.ts'
import type { MutationOp } from '../wire/mutation-wire.ts'

/** What becomes of a write that nobody has seen, when the next one for its row comes. */
export type Merge = { readonly is: 'merged'; readonly op: MutationOp } | { readonly is: 'nothing-left' } | { readonly is: 'apart' }

/** Never sent, and about this one row: then and only then two writes may become one. */
export function mergeable(record: MutationRecord): boolean {
  const waiting = record.state.is === 'queued' || record.state.is === 'parked'
  return waiting && !record.sent && record.attempts === 0 && record.ops.length === 1
}

/** `previous` stays that of the first write: it is what the person saw before both. */
export function mergeOps(first: MutationOp, second: MutationOp): Merge {
  if (first.kind === 'delete') return { is: 'apart' }
  if (second.kind === 'delete') {
    return first.kind === 'insert'
      ? { is: 'nothing-left' }
      : { is: 'merged', op: { ...second, previous: { ...second.previous, ...first.previous } } }
  }
  // An upsert whose row was not there makes it; an update that lies before it, over a row that was taken back, would not.
  if (second.kind === 'insert' || (second.kind === 'upsert' && first.kind === 'update')) return { is: 'apart' }
  const previous = first.kind === 'insert' ? null : { ...second.previous, ...first.previous }
  return { is: 'merged', op: { ...first, values: { ...first.values, ...second.values }, previous } }
}
