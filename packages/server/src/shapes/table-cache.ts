import { findTable, type Table } from './catalog.ts'
import type { Queryable } from './database.ts'

const FRESH_MS = 250

interface Known {
  readonly table: Promise<Table | undefined>
  readonly untilMs: number
}

/** What tables look like, asked a few times a second at most however many clients there are. A table that is missing is looked for again. */
export class TableCache {
  readonly #on: Queryable
  readonly #known = new Map<string, Known>()

  constructor(on: Queryable) {
    this.#on = on
  }

  async find(name: readonly [string, string]): Promise<Table | undefined> {
    const key = JSON.stringify(name)
    const known = this.#known.get(key)
    if (known !== undefined && performance.now() < known.untilMs) return known.table
    const table = findTable(this.#on, name)
    this.#known.set(key, { table, untilMs: performance.now() + FRESH_MS })
    const found = await table.catch((error: unknown) => {
      this.#known.delete(key)
      throw error
    })
    if (found === undefined) this.#known.delete(key)
    return found
  }
}
