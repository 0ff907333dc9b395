import type { PGlite } from '@electric-sql/pglite'
import type { Queryable, ShapeDatabase, TextRow } from './database.ts'

/** Opens an embedded Postgres whose files are in `directory`, or in memory without one. */
export async function openPglite(directory: string | undefined): Promise<ShapeDatabase> {
  const { PGlite: Embedded } = await import('@electric-sql/pglite')
  const pglite = await (directory === undefined ? Embedded.create() : Embedded.create(directory))
  return pgliteDatabase(pglite, { owned: true })
}

/** A PGlite that the app uses too: one connection, so its transactions and ours take turns. Left open unless it is `owned`. */
export function pgliteDatabase(pglite: PGlite, { owned = false }: { readonly owned?: boolean } = {}): ShapeDatabase {
  const stops: (() => Promise<void>)[] = []
  const queryable = (on: Pick<PGlite, 'query'>): Queryable => ({
    query: async (sql, parameters = []) => (await on.query<TextRow>(sql, [...parameters])).rows,
  })
  return {
    ...queryable(pglite),
    transaction: (work) =>
      pglite.transaction(async (transaction) => {
        await transaction.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ')
        return work(queryable(transaction))
      }),
    listen: async (channel, wake) => {
      stops.push(await pglite.listen(channel, wake))
    },
    // A directory of PGlite's has one process and one connection: nobody else can be there.
    claim: async () => true,
    close: async () => {
      if (owned) return pglite.close()
      for (const stop of stops) await stop()
    },
  }
}
