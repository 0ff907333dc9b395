import type { NamesInDatabase } from './mutation-schema.ts'
import type { SqlDatabase } from './sql-database.ts'
import { writableTable, writableTables, type WritableTable } from './tables.ts'
import { trackReferences } from './track.ts'

const FRESH_MS = 1_000

interface Known {
  readonly table: WritableTable | undefined
  readonly untilMs: number
}

/** What tables look like, asked once a second at most. A table that is met for the first time is followed for its blobs before it is written to. */
export class KnownTables {
  readonly #database: SqlDatabase
  readonly #names: NamesInDatabase
  readonly #known = new Map<string, Known>()

  constructor(database: SqlDatabase, names: NamesInDatabase) {
    this.#database = database
    this.#names = names
  }

  async trackAll(): Promise<void> {
    await trackReferences(this.#database, await writableTables(this.#database, this.#names))
  }

  /** Those of these tables that may be written. Asked outside of a transaction: an embedded database has one connection. */
  async of(names: readonly string[]): Promise<ReadonlyMap<string, WritableTable>> {
    const tables = new Map<string, WritableTable>()
    for (const name of new Set(names)) {
      const table = await this.#find(name)
      if (table !== undefined) tables.set(name, table)
    }
    return tables
  }

  async #find(name: string): Promise<WritableTable | undefined> {
    const known = this.#known.get(name)
    if (known !== undefined && performance.now() < known.untilMs) return known.table
    const table = await writableTable(this.#database, name, this.#names)
    if (table === undefined) this.#known.delete(name)
    else {
      await trackReferences(this.#database, [table])
      this.#known.set(name, { table, untilMs: performance.now() + FRESH_MS })
    }
    return table
  }
}
