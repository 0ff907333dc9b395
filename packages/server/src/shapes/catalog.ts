import type { Queryable } from './database.ts'

export interface Column {
  readonly name: string
  /** As `pg_type` names it; of an array, its element. */
  readonly type: string
  /** 0 when it is no array. */
  readonly dimensions: number
  /** As `pg_attribute` has it; -1 without one. */
  readonly modifier: number
  readonly isEnum: boolean
  readonly notNull: boolean
  /** Its place in the primary key. */
  readonly keyIndex: number | undefined
  readonly isGenerated: boolean
}

export interface Table {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly columns: readonly Column[]
  /** Names in the order of the primary key; all columns when there is none. */
  readonly key: readonly string[]
  readonly hasPrimaryKey: boolean
  readonly isPartitioned: boolean
  /** The table whose partition it is, at the top; its own `oid` otherwise. */
  readonly rootOid: number
  readonly isUnlogged: boolean
  readonly hasRowSecurity: boolean
}

const TABLES = `
select c.oid::text as oid, n.nspname::text as schema, c.relname::text as name, (c.relkind = 'p')::text as partitioned,
  coalesce(pg_partition_root(c.oid)::oid, c.oid)::text as root, (c.relpersistence = 'u')::text as unlogged, c.relrowsecurity::text as secured,
  coalesce((
    select json_agg(json_build_array(
      a.attname, coalesce(e.typname, t.typname), greatest(a.attndims, case when e.oid is null then 0 else 1 end), a.atttypmod,
      coalesce(e.typtype, t.typtype) = 'e', a.attnotnull, array_position(i.indkey::int2[], a.attnum), a.attgenerated <> ''
    ) order by a.attnum)
    from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type e on e.oid = t.typelem and t.typcategory = 'A' and t.typlen = -1
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ), '[]')::text as columns
from pg_class c join pg_namespace n on n.oid = c.relnamespace
  left join pg_index i on i.indrelid = c.oid and i.indisprimary
where c.relkind in ('r', 'p') and `

type ColumnFields = readonly [string, string, number, number, boolean, boolean, number | null, boolean]

/** Views, materialised views and foreign tables are none. */
export async function findTable(on: Queryable, [schema, name]: readonly [string, string]): Promise<Table | undefined> {
  return (await tablesBy(on, 'n.nspname = $1::text and c.relname = $2::text', [schema, name]))[0]
}

/** The names of the user's own tables in a schema: not those of extensions, and partitions go by the name of their root. */
export async function tablesBySchema(on: Queryable, schema: string): Promise<readonly string[]> {
  const sql = `select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = $1::text and pg_has_role(c.relowner, 'usage')
      and not exists(select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') order by c.relname`
  return (await on.query(sql, [schema])).map((row) => row['name'] ?? '')
}

export async function tablesOf(on: Queryable, oids: readonly number[]): Promise<ReadonlyMap<number, Table>> {
  const tables = await tablesBy(on, 'c.oid in (select json_array_elements_text($1::text::json)::oid)', [JSON.stringify(oids)])
  return new Map(tables.map((table) => [table.oid, table]))
}

async function tablesBy(on: Queryable, condition: string, parameters: readonly string[]): Promise<readonly Table[]> {
  const rows = await on.query(TABLES + condition, parameters)
  return rows.map((row) => {
    const columns = (JSON.parse(row['columns'] ?? '[]') as ColumnFields[]).map(columnOf)
    const inKey = columns.filter(({ keyIndex }) => keyIndex !== undefined).toSorted((a, b) => (a.keyIndex ?? 0) - (b.keyIndex ?? 0))
    return {
      oid: Number(row['oid']),
      schema: row['schema'] ?? '',
      name: row['name'] ?? '',
      columns,
      key: (inKey.length > 0 ? inKey : columns).map((column) => column.name),
      hasPrimaryKey: inKey.length > 0,
      isPartitioned: row['partitioned'] === 'true',
      rootOid: Number(row['root']),
      isUnlogged: row['unlogged'] === 'true',
      hasRowSecurity: row['secured'] === 'true',
    }
  })
}

/** `array_position` of an int2vector counts from the vector's own lower bound, which is 0. */
function columnOf([name, type, dimensions, modifier, isEnum, notNull, keyIndex, isGenerated]: ColumnFields): Column {
  return { name, type, dimensions, modifier, isEnum, notNull, keyIndex: keyIndex ?? undefined, isGenerated }
}

const TIME_TYPES = new Set(['time', 'timetz', 'timestamp', 'timestamptz'])

/** The `electric-schema` header: what a client needs to read the text of each column. */
export function schemaHeader(table: Table, selected: ReadonlySet<string>): string {
  const columns = table.columns.filter(({ name }) => selected.has(name))
  return headerSafe(JSON.stringify(Object.fromEntries(columns.map((column) => [column.name, schemaOf(column)]))))
}

function schemaOf(column: Column): Record<string, unknown> {
  return {
    type: column.type,
    ...(column.dimensions > 0 ? { dims: column.dimensions } : {}),
    ...modifierOf(column),
    ...(column.notNull ? { not_null: true } : {}),
    ...(column.keyIndex === undefined ? {} : { pk_index: column.keyIndex }),
  }
}

function modifierOf({ type, modifier }: Column): Record<string, number> {
  if (modifier < 0) return {}
  if (type === 'varchar') return { max_length: modifier - 4 }
  if (type === 'bpchar') return { length: modifier - 4 }
  if (type === 'bit' || type === 'varbit') return { length: modifier }
  if (type === 'numeric') return { precision: ((modifier - 4) >> 16) & 0xffff, scale: (modifier - 4) & 0x7ff }
  return TIME_TYPES.has(type) ? { precision: modifier } : {}
}

/** A header holds Latin-1 alone. */
function headerSafe(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
