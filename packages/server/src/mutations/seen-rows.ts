import type { Json, MutationOp, RowWire } from '@bse/core/wire'
import type { Queryable } from '../shapes/database.ts'
import { isSameCell, rowToWire } from './cells.ts'
import { Refused } from './refused.ts'
import type { WritableTable } from './tables.ts'

/** The rows that a mutation touches, locked, and how they are after each of its ops. */
export class SeenRows {
  readonly #rows = new Map<string, RowWire | null>()

  /** Locks in one order, so that two mutations that touch the same rows do not wait for each other. Absent rows cannot be locked. */
  async lock(on: Queryable, ops: readonly MutationOp[], tables: ReadonlyMap<string, WritableTable>): Promise<void> {
    for (const table of [...tables.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const ids = [...new Set(ops.filter((op) => op.table === table.name).map(({ rowId }) => rowId))]
      for (const id of ids) this.#rows.set(keyOf(table.name, id), null)
      const id = `"${table.id.replaceAll('"', '""')}"`
      const rows = await on.query(
        `select t.${id}::text as id, row_to_json(t)::text as row from ${table.relation} t
         where t.${id} in (select r.${id} from json_populate_recordset(null::${table.relation}, $1::text::json) r) order by t.${id} for update`,
        [JSON.stringify(ids.map((value) => ({ [table.id]: value })))],
      )
      for (const row of rows) this.#rows.set(keyOf(table.name, row['id'] ?? ''), rowToWire(table, JSON.parse(row['row'] ?? '{}') as Readonly<Record<string, Json>>))
    }
  }

  current({ rowId, table }: MutationOp): RowWire | null {
    return this.#rows.get(keyOf(table, rowId)) ?? null
  }

  /** @throws Refused `conflict` when the row is not as the person saw it. */
  compare(op: MutationOp, at: number): void {
    const current = this.current(op)
    if (!isAsSeen(op, current)) throw new Refused({ is: 'conflict', at, current })
  }

  /** What the row is once the op is done. */
  advance(op: MutationOp): void {
    const current = this.current(op)
    const key = keyOf(op.table, op.rowId)
    if (op.kind === 'delete') this.#rows.set(key, null)
    else if (op.kind !== 'update' || current !== null) this.#rows.set(key, { ...current, ...op.values })
  }
}

/** What one wants to delete and is gone is as wanted. */
function isAsSeen({ kind, previous }: MutationOp, current: RowWire | null): boolean {
  if (kind === 'delete' && current === null) return true
  if (previous === null) return current === null || kind === 'update' || kind === 'delete'
  return Object.entries(previous).every(([property, seen]) => (current !== null && !Object.hasOwn(current, property)) || isSameCell(current?.[property] ?? null, seen))
}

function keyOf(table: string, rowId: string): string {
  return JSON.stringify([table, rowId])
}
