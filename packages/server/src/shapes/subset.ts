import { randomInt } from 'node:crypto'
import { jsonAnswer } from './answers.ts'
import { schemaHeader, type Table } from './catalog.ts'
import { condition, faultOf } from './define-shape.ts'
import { selectedColumns } from './definition.ts'
import { formatOffset } from './offset.ts'
import { understoodOrder } from './order-by.ts'
import { underSubset } from './refusal.ts'
import { asReader } from './row-filter.ts'
import type { ShapeRequest } from './shape-request.ts'
import type { Shape } from './shape.ts'
import type { Shapes } from './shapes.ts'
import { currentSnapshot, rowMessage, rowsQuery } from './snapshot.ts'
import type { SubsetRequest } from './subset-request.ts'
import { snapshotFields } from './visibility.ts'

/** Some of a shape's rows as they are now, and which transactions they show: the client compares that with the log. */
export async function subsetAnswer(shapes: Shapes, shape: Shape, table: Table, wanted: ShapeRequest, subset: SubsetRequest): Promise<Response> {
  const { definition } = shape.record
  const names = [...selectedColumns(definition, table)]
  // As of the request: what the rows show beyond it is still to come in the log.
  const { lsn, position } = shape.log.end
  const sql = await subsetQuery(table, names, shape, subset)
  const mark = randomInt(1, 2_147_483_647)
  const read = await shapes.database.transaction(async (on) => {
    const snapshot = await currentSnapshot(on)
    const lsn = await on.query("select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as lsn")
    const rows = await asReader(on, table.oid, shapes.limits.queryTimeoutMs, () => on.query(sql))
    return { snapshot, rows, lsn: lsn[0]?.['lsn'] ?? '0' }
  })
  const metadata = JSON.stringify({ ...snapshotFields(read.snapshot), snapshot_mark: mark, database_lsn: read.lsn })
  const data = read.rows.map((row) => rowMessage(table, names, row, { snapshot_mark: mark }))
  return jsonAnswer(200, `{"metadata":${metadata},"data":[${data.join(',')}]}`, {
    'cache-control': 'no-cache',
    'electric-snapshot': 'true',
    'electric-handle': shape.record.handle,
    ...(wanted.live ? {} : { 'electric-schema': schemaHeader(table, new Set(names)) }),
    'electric-offset': position === Infinity ? (wanted.at === 'start' ? `0_${shape.record.chunkCount - 1}` : '0_inf') : formatOffset({ lsn, position }),
  })
}

/** All of it written by us from what was understood. */
async function subsetQuery(table: Table, names: readonly string[], shape: Shape, { limit, offset, orderBy, params, where }: SubsetRequest): Promise<string> {
  const { definition } = shape.record
  const columns = definition.queryable === undefined ? table.columns : table.columns.filter(({ name }) => definition.queryable?.includes(name))
  try {
    const own = await condition('where', where, { columns, parameters: params })
    const order = orderBy === undefined ? undefined : await understoodOrder(orderBy, columns)
    const conditions = [definition.where, own].filter((one) => one !== undefined)
    const tail = [order === undefined ? '' : ` order by ${order}`, limit === undefined ? '' : ` limit ${limit}`, offset === undefined ? '' : ` offset ${offset}`]
    return rowsQuery(table, names, conditions) + tail.join('')
  } catch (error) {
    throw underSubset(faultOf('order_by', error))
  }
}
