import { MUTATION_LIMITS, mutationTimeMs, type MutationOp, type MutationWire, type RowWire } from '@bse/core/wire'
import type { Queryable } from '../shapes/database.ts'
import { BlobCheck, type BlobExistence } from './blob-check.ts'
import { fits } from './cells.ts'
import { rejected } from './refused.ts'
import { SeenRows } from './seen-rows.ts'
import type { WritableTable } from './tables.ts'
import { writeOp } from './write-ops.ts'

/** One row that a mutation wants to write. `current` is the row as it is, locked, `null` when there is none. */
export interface RowAction {
  readonly kind: MutationOp['kind']
  readonly table: string
  readonly rowId: string
  readonly values: RowWire
  readonly current: RowWire | null
}

export interface ApplyDeps {
  /** By name, those that the mutation touches. */
  readonly tables: ReadonlyMap<string, WritableTable>
  readonly retentionMs: number
  readonly blobs: BlobExistence | undefined
  /** The space in which the row's blobs are. Rejects with `Refused` or what ends the request. */
  allow(action: RowAction, on: Queryable): Promise<string>
}

/**
 * Applies all of a mutation within a transaction, or answers with the transaction that did so before. The id comes first: of two that come at the
 * same time, the second waits for the end of the first.
 *
 * @throws Refused with the outcome, and errors of the database; both roll back.
 */
export async function applyMutation(on: Queryable, mutation: MutationWire, deps: ApplyDeps): Promise<{ readonly txid: number }> {
  const { id, ops } = mutation
  const taken = await on.query(
    'insert into bse_mutations.applied (id, txid) values ($1::text::uuid, pg_current_xact_id()::xid::text::bigint) on conflict do nothing returning txid::text as txid',
    [id],
  )
  if (taken.length === 0) return { txid: await storedTxid(on, id) }
  if (mutationTimeMs(id) < Date.now() - deps.retentionMs) throw rejected('EXPIRED')
  if (ops.length > MUTATION_LIMITS.maxOps) throw rejected('TOO_LARGE')
  for (const op of ops) mustFit(op, deps.tables)
  await applyOps(on, ops, deps)
  return { txid: Number(taken[0]?.['txid']) }
}

async function storedTxid(on: Queryable, id: string): Promise<number> {
  const rows = await on.query('select txid::text as txid from bse_mutations.applied where id = $1::text::uuid', [id])
  return Number(rows[0]?.['txid'])
}

/** @throws Refused for anything that the schema does not have, before a row is looked at. */
function mustFit({ kind, rowId, table: name, values }: MutationOp, tables: ReadonlyMap<string, WritableTable>): void {
  const table = tables.get(name)
  if (table === undefined) throw rejected('VALIDATION_FAILED')
  for (const [property, value] of Object.entries(values)) {
    // Some schemas list the id among the columns; it is the row's own.
    if (property === 'id' && value === rowId) continue
    const column = table.columns.get(property)
    if (kind === 'delete' || column === undefined || !fits(column, value)) throw rejected('VALIDATION_FAILED')
  }
}

async function applyOps(on: Queryable, ops: readonly MutationOp[], { allow, blobs, tables }: ApplyDeps): Promise<void> {
  const rows = new SeenRows()
  await rows.lock(on, ops, tables)
  const check = new BlobCheck(blobs)
  const steps: { readonly op: MutationOp; readonly table: WritableTable; readonly isThere: boolean }[] = []
  for (const [at, op] of ops.entries()) {
    const table = tables.get(op.table)
    if (table === undefined) throw rejected('VALIDATION_FAILED')
    const current = rows.current(op)
    // Before anything is said about the row.
    const space = await allow({ kind: op.kind, table: op.table, rowId: op.rowId, values: op.values, current }, on)
    rows.compare(op, at)
    check.add(space, table, op, current)
    steps.push({ op, table, isThere: current !== null })
    rows.advance(op)
  }
  await check.run(on)
  for (const { isThere, op, table } of steps) await writeOp(on, table, op, isThere)
}
