import type { Column, Table } from './catalog.ts'
import type { ShapeDefinition } from './definition.ts'
import { columnNames } from './identifiers.ts'
import { refused, Refusal } from './refusal.ts'
import type { ShapeRequest } from './shape-request.ts'
import { understoodCondition } from './where.ts'
import { ConditionFault } from './where-expression.ts'

/** What `authorize` adds to every request of a principal. */
export interface ShapeNarrowing {
  /** A condition that the request's own is joined to by AND. Written as a request would write it; `$1` is the first of `params`. */
  readonly where?: string | undefined
  readonly params?: readonly string[] | undefined
  /** The only columns there are for this principal. The primary key must be among them. */
  readonly columns?: readonly string[] | undefined
}

type Wanted = Pick<ShapeRequest, 'columns' | 'queryable' | 'where' | 'params' | 'replica' | 'log'>

/** @throws Refusal when the request does not fit the table. */
export async function defineShape(wanted: Wanted, table: Table, narrowing: ShapeNarrowing): Promise<ShapeDefinition> {
  refuseTable(table)
  const visible = table.columns.filter(({ name }) => narrowing.columns?.includes(name) ?? true)
  const queryable = wanted.queryable === undefined ? undefined : chosen(wanted.queryable, 'queryable_columns', table, visible, 'queryable columns')
  const within = visible.filter(({ name }) => queryable?.includes(name) ?? true)
  const listed = wanted.columns === undefined ? undefined : chosen(wanted.columns, 'columns', table, within, 'columns')
  const columns = listed ?? (narrowing.columns === undefined ? undefined : visible.map(({ name }) => name).toSorted())
  refuseGenerated(columns ?? queryable ?? visible.map(({ name }) => name), table)
  const own = await condition('where', wanted.where, { columns: within, parameters: wanted.params })
  const fixed = await understoodCondition(narrowing.where ?? '', { columns: table.columns, parameters: narrowing.params ?? [] })
  const where = own === undefined || fixed === undefined ? (own ?? fixed) : `(${fixed} AND ${own})`
  return { relation: table.oid, schema: table.schema, table: table.name, where, columns, queryable, replica: wanted.replica, log: wanted.log }
}

/** @throws Refusal that names the field and the place of the fault. */
export async function condition(field: string, text: string, scope: { readonly columns: readonly Column[]; readonly parameters: readonly string[] }): Promise<string | undefined> {
  return understoodCondition(text, scope).catch((error: unknown) => {
    throw faultOf(field, error)
  })
}

export function faultOf(field: string, error: unknown): unknown {
  if (!(error instanceof ConditionFault)) return error
  return refused(field, error.location === undefined ? error.message : `At location ${error.location}: ${error.message}`)
}

function chosen(text: string, field: string, table: Table, from: readonly Column[], words: string): readonly string[] {
  const names = columnNames(text, field)
  const unknown = names.filter((name, index) => !from.some((column) => column.name === name) || names.indexOf(name) !== index)
  if (unknown.length > 0) throw refused(field, `The following columns are not found on the table: ${unknown.join(', ')}`)
  const missing = table.key.filter((name) => !names.includes(name))
  if (missing.length > 0) throw refused(field, `The list of ${words} must include all primary key columns, missing: ${missing.join(', ')}`)
  return names.toSorted()
}

function refuseGenerated(names: readonly string[], table: Table): void {
  const generated = table.columns.filter((column) => column.isGenerated && names.includes(column.name)).map(({ name }) => name)
  if (generated.length === 0) return
  const advice = "You can exclude them from the shape by explicitly listing which columns to fetch in the 'columns' query param"
  throw refused('columns', `The following columns are generated and cannot be included in the shape: ${generated.join(', ')}. ${advice}`)
}

/** The words are Electric's, whose clients may know them. */
function refuseTable(table: Table): void {
  const isSystem = table.schema === 'pg_catalog' || table.schema === 'information_schema' || table.schema.startsWith('pg_toast')
  if (!isSystem && !table.isUnlogged && table.schema !== 'bse_shapes') return
  throw new Refusal(500, { message: `Unexpected error while creating snapshot: cannot add relation "${table.name}" to publication` })
}

export function unknownTable(schema: string, name: string): Refusal {
  return refused('table', `Table "${schema}"."${name}" does not exist. If the table name contains capitals or special characters you must quote it.`)
}
