import type { SqlDatabase } from './sql-database.ts'

const EVERY_MS = 3_600_000
const AT_ONCE = 10_000
/** Servers whose clocks differ by less agree on what may be forgotten. */
const MARGIN_MS = 3_600_000

/** Forgets ids that would be refused for their age anyway. Done by whoever comes first after an hour: nothing runs on its own. */
export class Expiry {
  readonly #database: SqlDatabase
  readonly #retentionMs: number
  #dueMs = 0

  constructor(database: SqlDatabase, retentionMs: number) {
    this.#database = database
    this.#retentionMs = retentionMs
  }

  async whenDue(): Promise<void> {
    if (performance.now() < this.#dueMs) return
    this.#dueMs = performance.now() + EVERY_MS
    const rows = await forgetOldIds(this.#database, this.#retentionMs)
    if (rows === AT_ONCE) this.#dueMs = 0
  }
}

/** An id sorts by the time that it carries. Answers how many went, at most 10,000. */
async function forgetOldIds(database: SqlDatabase, retentionMs: number): Promise<number> {
  const bound = Math.max(0, Date.now() - retentionMs - MARGIN_MS).toString(16).padStart(12, '0')
  const rows = await database.query(
    `with old as (select id from bse_mutations.applied where id < $1::text::uuid order by id limit ${AT_ONCE}),
      gone as (delete from bse_mutations.applied a using old where a.id = old.id returning a.id)
     select count(*)::text as count from gone`,
    [`${bound.slice(0, 8)}-${bound.slice(8)}-7000-8000-000000000000`],
  )
  return Number(rows[0]?.['count'])
}
