import type { SqlDatabase } from './sql-database.ts'
import { LOCKS, MIGRATIONS } from './setup-sql.ts'

const FIRST = [
  'create schema if not exists bse_mutations',
  'revoke all on schema bse_mutations from public',
  'create table if not exists bse_mutations.migration (number int primary key, at timestamptz not null default now())',
]

/**
 * Brings the tables of ours to the newest form. Servers that start together take turns.
 *
 * @throws an error when a newer version of this package has been there: it knows what this one does not.
 */
export async function migrate(database: SqlDatabase): Promise<void> {
  await database.transaction(async (on) => {
    await on.query(`select pg_advisory_xact_lock(${LOCKS}, -1)::text`)
    for (const statement of FIRST) await on.query(statement)
    const rows = await on.query('select coalesce(max(number), 0)::text as number from bse_mutations.migration')
    const done = Number(rows[0]?.['number'])
    if (done > MIGRATIONS.length) throw new Error('mutations: the database was prepared by a newer version of this package')
    for (const [index, statements] of MIGRATIONS.entries()) {
      if (index < done) continue
      for (const statement of statements) await on.query(statement)
      await on.query('insert into bse_mutations.migration (number) values ($1::text::int)', [String(index + 1)])
    }
  })
}
