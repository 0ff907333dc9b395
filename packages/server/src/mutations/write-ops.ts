import type { Json, MutationOp } from '@bse/core/wire'
import { quoteName, type Queryable } from '../shapes/database.ts'
import { rejected } from './refused.ts'
import type { WritableTable } from './tables.ts'

/** One op as a statement. Values go in as one JSON text, which Postgres reads by the types of the table's columns. */
export async function writeOp(on: Queryable, table: WritableTable, op: MutationOp, isThere: boolean): Promise<void> {
  const columns = Object.entries(op.values).flatMap(([property, value]) => {
    const column = table.columns.get(property)
    return column === undefined ? [] : [[column.column, value] as const]
  })
  const source = `json_populate_record(null::${table.relation}, $1::text::json) r`
  const json = JSON.stringify(Object.fromEntries<Json>([...columns, [table.id, op.rowId]]))
  const names = columns.map(([column]) => quoteName(column))
  const id = quoteName(table.id)
  if (op.kind === 'delete') {
    await on.query(`delete from ${table.relation} t using ${source} where t.${id} = r.${id}`, [json])
  } else if (op.kind === 'insert' || (op.kind === 'upsert' && !isThere)) {
    const all = [id, ...names]
    const rows = await on.query(`insert into ${table.relation} (${all.join(', ')}) select ${all.map((name) => `r.${name}`).join(', ')} from ${source} returning ${id}::text as id`, [json])
    // Another spelling of the id would be another row to everybody but the database.
    if (rows.some((row) => row['id'] !== op.rowId)) throw rejected('VALIDATION_FAILED')
  } else if (isThere && names.length > 0) {
    await on.query(`update ${table.relation} t set ${names.map((name) => `${name} = r.${name}`).join(', ')} from ${source} where t.${id} = r.${id}`, [json])
  }
}
