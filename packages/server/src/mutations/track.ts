import { quoteName, quoteText, type Queryable } from '../shapes/database.ts'
import type { SqlDatabase } from './sql-database.ts'
import { LOCKS } from './setup-sql.ts'
import type { WritableTable } from './tables.ts'

const TRIGGER = '!bse_mutations'
const TRUNCATE_TRIGGER = '!bse_mutations_truncate'
/** In a table that nobody described, these may name a blob. */
const MAY_NAME: ReadonlySet<string> = new Set(['json', 'jsonb', 'text', 'varchar'])

/** Keeps the index of references for these tables from now on. What is in them already is read once. */
export async function trackReferences(database: SqlDatabase, tables: readonly WritableTable[]): Promise<void> {
  for (const table of tables) {
    if (await isTracked(database, table, await wantedColumns(database, table))) continue
    await database.transaction(async (on) => {
      await on.query(`select pg_advisory_xact_lock(${LOCKS}, -1)::text`)
      await track(on, table, await wantedColumns(on, table))
    })
  }
}

/** Also those that another server follows, which may know more of the table: to leave one out would make its blobs garbage. */
async function wantedColumns(on: Queryable, table: WritableTable): Promise<readonly string[]> {
  const rows = await on.query(
    `select followed.name from bse_mutations.tracked, json_array_elements_text(columns::json) as followed(name)
     where relation = $1::text and exists(select from pg_attribute where attrelid = to_regclass($1::text) and attname = followed.name and not attisdropped)`,
    [table.relation],
  )
  return [...new Set([...blobColumns(table), ...rows.map((row) => row['name'] ?? '')])].toSorted()
}

function blobColumns(table: WritableTable): readonly string[] {
  const named = [...table.columns.values()].filter(({ holds, sqlType }) => holds === 'blob' || (holds === 'any' && MAY_NAME.has(sqlType)))
  return named.map(({ column }) => column).toSorted()
}

/** By name: a table that was dropped and made anew has no triggers. */
async function isTracked(on: Queryable, table: WritableTable, columns: readonly string[]): Promise<boolean> {
  const rows = await on.query(
    `select columns, (id = $2::text and columns = $3::text
      and (select count(*) from pg_trigger where tgrelid = to_regclass($1::text) and tgname in ('${TRIGGER}', '${TRUNCATE_TRIGGER}')) = 2)::text as current
     from bse_mutations.tracked where relation = $1::text`,
    [table.relation, table.id, JSON.stringify(columns)],
  )
  return columns.length === 0 ? rows.length === 0 : rows[0]?.['current'] === 'true'
}

/** The triggers lock the table against writers until the commit, so no write falls between the reading of what is there and them. */
async function track(on: Queryable, table: WritableTable, columns: readonly string[]): Promise<void> {
  const { relation } = table
  for (const name of [TRIGGER, TRUNCATE_TRIGGER]) await on.query(`drop trigger if exists ${quoteName(name)} on ${relation}`)
  await on.query('delete from bse_mutations.tracked where relation = $1::text', [relation])
  if (columns.length > 0) await addTriggers(on, table, columns)
  await readReferences(on, table, columns)
}

async function addTriggers(on: Queryable, { id, relation, schema, table }: WritableTable, columns: readonly string[]): Promise<void> {
  const list = `{${columns.map((column) => `"${column.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
  await on.query(
    `create trigger ${quoteName(TRIGGER)} after insert or update or delete on ${relation} for each row
     execute function bse_mutations.track(${[relation, id, list].map(quoteText).join(', ')})`,
  )
  await on.query(`create trigger ${quoteName(TRUNCATE_TRIGGER)} after truncate on ${relation} for each statement execute function bse_mutations.track_truncate(${quoteText(relation)})`)
  for (const name of [TRIGGER, TRUNCATE_TRIGGER]) await on.query(`alter table ${relation} enable always trigger ${quoteName(name)}`)
  await on.query(
    'insert into bse_mutations.tracked (relation, "schema", name, id, columns) values ($1::text, $2::text, $3::text, $4::text, $5::text)',
    [relation, schema, table, id, JSON.stringify(columns)],
  )
}

async function readReferences(on: Queryable, { id, relation }: WritableTable, columns: readonly string[]): Promise<void> {
  await on.query('delete from bse_mutations.reference where relation = $1::text', [relation])
  for (const column of columns) {
    const cell = `bse_mutations.hash_in(to_jsonb(t.${quoteName(column)}))`
    await on.query(
      `insert into bse_mutations.reference (relation, row_id, "column", hash)
       select $1::text, t.${quoteName(id)}::text, $2::text, ${cell} from ${relation} t where ${cell} is not null`,
      [relation, column],
    )
  }
}
