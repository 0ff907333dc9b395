import type { Table } from '../schema/index.ts'
import { columnOf, operandOf, queryError } from './operand.ts'
import type { Position, QueryPlan } from './plan.ts'

/**
 * The place of a row in the order of a query, as text: the row's values in the columns of the order, and its id. It stays a place in
 * the order when the row is changed or deleted. Everything in it is checked when it comes back: it may have been in a URL.
 */
export function cursorOf(table: Table, { order }: QueryPlan, row: unknown): string {
  if (typeof row !== 'object' || row === null || typeof (row as { readonly id?: unknown }).id !== 'string') {
    throw queryError(table, undefined, 'a cursor is taken from a row')
  }
  const { id, ...cells } = row as { readonly id: string; readonly [column: string]: unknown }
  const values = order.map(({ column }) => operandOf(table, columnOf(table, column), column === 'id' ? id : cells[column]))
  return JSON.stringify([table.name, orderText({ order }), values, id])
}

/** @throws BseError `QUERY_INVALID` for anything but a cursor of a query with this very order. */
export function readCursor(table: Table, plan: QueryPlan, cursor: unknown): Position {
  const parts = parse(cursor)
  if (!Array.isArray(parts) || parts.length !== 4) throw queryError(table, undefined, 'not a cursor')
  const [name, order, values, id] = parts as readonly unknown[]
  if (name !== table.name || order !== orderText(plan)) throw queryError(table, undefined, 'a cursor of a query with another order')
  if (typeof id !== 'string' || !Array.isArray(values) || values.length !== plan.order.length) throw queryError(table, undefined, 'not a cursor')
  return {
    id,
    values: plan.order.map(({ column: name }, index) => {
      const column = columnOf(table, name)
      const value: unknown = values[index]
      return operandOf(table, column, column.type === 'datetime' && typeof value === 'number' ? new Date(value) : value)
    }),
  }
}

function orderText({ order }: Pick<QueryPlan, 'order'>): string {
  return order.map(({ column, direction }) => `${column} ${direction}`).join(', ')
}

function parse(cursor: unknown): unknown {
  try {
    return typeof cursor === 'string' ? JSON.parse(cursor) : undefined
  } catch {
    return undefined
  }
}
