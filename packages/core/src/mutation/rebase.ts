import type { MutationOp, RowWire } from '../wire/mutation-wire.ts'

/** What the server has, of the row of one op. */
export interface Divergence {
  /** Which op of the mutation. */
  readonly at: number
  readonly current: RowWire | null
}

/** The same write as if the person had seen the row as the server has it. Sent again, it is in force. */
export function rebased(ops: readonly MutationOp[], { at, current }: Divergence): readonly MutationOp[] {
  return ops.map((op, index) => (index === at ? onto(op, current) : op))
}

function onto(op: MutationOp, current: RowWire | null): MutationOp {
  // There is a row of this id by now: the insert becomes a change of it.
  const kind = op.kind === 'insert' && current !== null ? 'upsert' : op.kind
  if (kind === 'insert' || (kind === 'upsert' && current === null)) return { ...op, previous: null }
  const columns = kind === 'delete' ? Object.keys(current ?? {}) : Object.keys(op.values)
  return { ...op, kind, previous: Object.fromEntries(columns.map((column) => [column, current?.[column] ?? null])) }
}
