import type { Table } from './catalog.ts'
import { quoteName, type Queryable } from './database.ts'

/** What makes every value the same text, whatever the database's settings. */
const TEXT_FORMS = `select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true), set_config('intervalstyle', 'iso_8601', true),
  set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true), set_config('search_path', 'pg_catalog', true)`

export function tableSql(table: Pick<Table, 'schema' | 'name'>): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`
}

/** The name of the role that may read this one table and nothing else. Roles belong to the whole server, so the database is in it. */
async function readerRole(on: Queryable, oid: number): Promise<string> {
  const rows = await on.query('select oid::text as oid from pg_database where datname = current_database()')
  return `bse_shapes_${rows[0]?.['oid'] ?? '0'}_${oid}`
}

/** Makes the role that reads the table; safe to repeat. A table with row security gets a policy that lets it see every row. */
export async function prepareReader(on: Queryable, table: Table): Promise<void> {
  const role = await readerRole(on, table.oid)
  const known = await on.query('select 1::text as one from pg_roles where rolname = $1::text', [role])
  if (known.length === 0) await on.query(`create role ${quoteName(role)} nologin`)
  await on.query(`grant ${quoteName(role)} to current_user`)
  await on.query(`grant usage on schema ${quoteName(table.schema)} to ${quoteName(role)}`)
  await on.query(`grant select on ${tableSql(table)} to ${quoteName(role)}`)
  if (!table.hasRowSecurity) return
  const policy = await on.query('select 1::text as one from pg_policy where polrelid = $1::text::oid and polname = $2::text', [String(table.oid), role])
  if (policy.length === 0) await on.query(`create policy ${quoteName(role)} on ${tableSql(table)} for select to ${quoteName(role)} using (true)`)
}

/** Within a transaction: runs `work` as the reader of the table, with a limit on each statement. */
export async function asReader<T>(on: Queryable, oid: number, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const role = await readerRole(on, oid)
  await on.query(TEXT_FORMS)
  await on.query(`select set_config('statement_timeout', $1::text, true)`, [String(timeoutMs)])
  await on.query(`set local role ${quoteName(role)}`)
  const result = await work()
  await on.query('reset role')
  await on.query(`select set_config('statement_timeout', '0', true)`)
  return result
}

/** For each row, given as its text, whether each condition is true. */
export async function matchingRows(on: Queryable, table: Table, conditions: readonly string[], rows: readonly string[]): Promise<readonly (readonly boolean[])[]> {
  const tests = conditions.map((condition) => `(select (${condition}) is true from (select (y.r).*) x)`)
  const sql = `select json_build_array(${tests.join(', ')})::text as matches
    from (select e.n, e.t::${tableSql(table)} as r from json_array_elements_text($1::text::json) with ordinality e(t, n) offset 0) y order by y.n`
  const found = await on.query(sql, [JSON.stringify(rows)])
  return found.map((row) => JSON.parse(row['matches'] ?? '[]') as boolean[])
}
