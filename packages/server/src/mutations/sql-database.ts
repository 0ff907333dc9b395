import type { Queryable, TextRow } from '../shapes/database.ts'

/** What mutations need of a Postgres. A `ShapeDatabase` is one; `poolDatabase` makes one of a pool. */
export interface SqlDatabase extends Queryable {
  /** Rolled back when `work` rejects. May reject with `40001` or `40P01`, and is called again then. */
  transaction<T>(work: (on: Queryable) => Promise<T>): Promise<T>
}

interface Result {
  readonly rows: readonly unknown[]
}

/** As much of a `Pool` of the package `pg` as is used. */
export interface PostgresPool {
  query(text: string, values: unknown[]): Promise<Result>
  connect(): Promise<PostgresClient>
}

export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<Result>
  release(broken?: Error): void
}

/** Who holds a row for longer is an app's own long transaction: the mutation is answered `retry`. */
const BEGIN = "begin isolation level read committed; set local lock_timeout = '10s'"

/** The pool stays the caller's: it is not closed here, and its size is how many mutations are applied at once. */
export function poolDatabase(pool: PostgresPool): SqlDatabase {
  return {
    query: async (sql, parameters = []) => rowsOf(await pool.query(sql, [...parameters])),
    transaction: async (work) => {
      const client = await pool.connect()
      let broken: Error | undefined
      try {
        await client.query(BEGIN)
        const result = await work({ query: async (sql, parameters = []) => rowsOf(await client.query(sql, [...parameters])) })
        await client.query('commit')
        return result
      } catch (error) {
        await client.query('rollback').catch((failure: unknown) => {
          broken = failure instanceof Error ? failure : new Error(String(failure))
        })
        throw error
      } finally {
        client.release(broken)
      }
    },
  }
}

/** Every statement of this folder casts what it selects to text. */
function rowsOf({ rows }: Result): readonly TextRow[] {
  return rows as readonly TextRow[]
}
