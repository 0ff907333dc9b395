import { BseError, type ColumnType, type TableShape } from '@bse/core/provider'

/** How one table of the schema is found in the database, and which of its rows this device follows. */
export interface ElectricTableOptions {
  /** Its name in the database, with its schema where that is not `public`: `archive.photos`. Default: by `casing`. */
  readonly table?: string
  /** Names of columns in the database, by their names in the schema; `id` too. Default: by `casing`. */
  readonly columns?: Readonly<Record<string, string>>
  /** Which rows, in SQL over the database's own names: `family_id = $1`. The service must add what the person may see. */
  readonly where?: string
  /** Values of `$1`, `$2` and so on. */
  readonly params?: readonly string[]
  /** `full`: updates bring whole rows, for tables that a proxy or a transformation needs whole. Default `default`: changed columns only. */
  readonly replica?: 'default' | 'full'
  /** `schema`: asks only for columns that the schema names, all of which must exist. Default `all`: others are sent and left out here. */
  readonly select?: 'all' | 'schema'
}

/** What a session needs to know of a table. */
export interface TablePlan {
  readonly name: string
  /** As the service takes them. */
  readonly query: Readonly<Record<string, string | string[]>>
  readonly idColumn: string
  /** By their names in the database. */
  readonly columns: ReadonlyMap<string, { readonly name: string; readonly type: ColumnType }>
  /** Changes whenever rows that were stored under it may lack something by now. */
  readonly print: string
}

export type Casing = 'snake'

/** @throws BseError `CONFIG_INVALID` for options of a table or column that the schema does not have, and for names that meet. */
export function planTables(tables: readonly TableShape[], options: Readonly<Record<string, ElectricTableOptions>>, casing: Casing | undefined): readonly TablePlan[] {
  for (const name of Object.keys(options)) {
    if (!tables.some((table) => table.name === name)) throw wrong(`no table ${name} in the schema`, `tables.${name}`)
  }
  return tables.map((table) => planTable(table, options[table.name] ?? {}, casing))
}

function planTable(table: TableShape, options: ElectricTableOptions, casing: Casing | undefined): TablePlan {
  const known = new Set(['id', ...table.columns.map(({ name }) => name)])
  for (const name of Object.keys(options.columns ?? {})) {
    if (!known.has(name)) throw wrong(`no column ${name} in ${table.name}`, `tables.${table.name}.columns.${name}`)
  }
  const inDatabase = (name: string): string => options.columns?.[name] ?? cased(name, casing)
  const idColumn = inDatabase('id')
  // A schema may list `id` among its columns; a row has it apart from them.
  const others = table.columns.filter(({ name }) => name !== 'id')
  const columns = new Map(others.map(({ name, type }) => [inDatabase(name), { name, type }] as const))
  if (columns.size < others.length || columns.has(idColumn)) throw wrong(`two columns of ${table.name} have one name`, `tables.${table.name}.columns`)
  const query = queryOf(options, options.table ?? quoted(cased(table.name, casing)), [idColumn, ...columns.keys()])
  return { name: table.name, query, idColumn, columns, print: JSON.stringify([query, idColumn, [...columns]]) }
}

function queryOf({ params, replica, select, where }: ElectricTableOptions, table: string, columns: readonly string[]): Record<string, string | string[]> {
  return {
    table,
    ...(where === undefined ? {} : { where }),
    ...(params === undefined ? {} : { params: [...params] }),
    ...(replica === 'full' ? { replica } : {}),
    ...(select === 'schema' ? { columns: [...columns] } : {}),
  }
}

/** As `createMutationHandler` of `@bse/server` has it: both sides must find the same column. */
function cased(name: string, casing: Casing | undefined): string {
  return casing === 'snake' ? name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name
}

/** Postgres folds what is not quoted; proxies compare plain names. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

function wrong(why: string, option: string): BseError {
  return new BseError('CONFIG_INVALID', `data-electric: ${why}`, { option: `data.${option}` })
}
