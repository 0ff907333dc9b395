import { findTable, tablesBySchema, type Table } from '../shapes/catalog.ts'
import { quoteName, type Queryable } from '../shapes/database.ts'
import { columnInDatabase, nameFromDatabase, tableInDatabase, type MutationSchema, type NamesInDatabase } from './mutation-schema.ts'

/** A column that mutations may write. */
export interface WritableColumn {
  /** As mutations say it. */
  readonly property: string
  /** As the database says it. */
  readonly column: string
  /** As `pg_type` names it. */
  readonly sqlType: string
  /** `any`: nothing is known of the column; what reads as a reference to a blob is one. */
  readonly holds: 'blob' | 'value' | 'any'
}

/** A table that mutations may write, with every name that a statement about it may hold. */
export interface WritableTable {
  /** As mutations say it. */
  readonly name: string
  readonly schema: string
  readonly table: string
  /** Quoted, for statements. */
  readonly relation: string
  readonly id: string
  /** By property. */
  readonly columns: ReadonlyMap<string, WritableColumn>
}

/** The table as the app's schema and the database have it; `undefined` when one of them does not, or rows cannot be told apart by one id. */
export async function writableTable(on: Queryable, name: string, names: NamesInDatabase): Promise<WritableTable | undefined> {
  const definition = names.schema === undefined ? undefined : own(names.schema, name)
  if (names.schema !== undefined && definition === undefined) return undefined
  const table = await findTable(on, tableInDatabase(name, names))
  if (table === undefined || (names.schema === undefined && !(await tablesBySchema(on, names.databaseSchema)).includes(table.name))) return undefined
  const id = names.schema === undefined ? table.key[0] : columnInDatabase(name, 'id', definition?.['id'], names)
  if (id === undefined || !table.hasPrimaryKey || table.key.length !== 1 || table.key[0] !== id) return undefined
  const relation = `${quoteName(table.schema)}.${quoteName(table.name)}`
  return { name, schema: table.schema, table: table.name, relation, id, columns: columnsOf(name, table, id, names) }
}

/** Every table that mutations may write now. */
export async function writableTables(on: Queryable, names: NamesInDatabase): Promise<readonly WritableTable[]> {
  const wanted = names.schema === undefined ? await namesIn(on, names) : Object.keys(names.schema)
  const found = []
  for (const name of wanted) found.push(await writableTable(on, name, names))
  return found.filter((table) => table !== undefined)
}

async function namesIn(on: Queryable, { casing, databaseSchema }: NamesInDatabase): Promise<readonly string[]> {
  const tables = await tablesBySchema(on, databaseSchema)
  return tables.map((table) => nameFromDatabase(table, casing))
}

function columnsOf(name: string, table: Table, id: string, names: NamesInDatabase): ReadonlyMap<string, WritableColumn> {
  const definition: MutationSchema[string] | undefined = names.schema?.[name]
  const present = new Map(table.columns.filter(({ isGenerated, name }) => !isGenerated && name !== id).map((column) => [column.name, column]))
  if (definition === undefined) {
    const all = [...present.values()].map((column): WritableColumn => ({ property: nameFromDatabase(column.name, names.casing), column: column.name, sqlType: sqlType(column), holds: 'any' }))
    return new Map(all.map((column) => [column.property, column]))
  }
  const all = Object.entries(definition).flatMap(([property, given]): readonly WritableColumn[] => {
    const column = present.get(columnInDatabase(name, property, given, names))
    if (column === undefined) return []
    const type = typeof given === 'string' ? given : given.type
    return [{ property, column: column.name, sqlType: sqlType(column), holds: type === 'blob' ? 'blob' : 'value' }]
  })
  return new Map(all.map((column) => [column.property, column]))
}

function sqlType({ dimensions, type }: Table['columns'][number]): string {
  return dimensions > 0 ? `${type}[]` : type
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
