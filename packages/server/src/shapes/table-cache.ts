import { findTable, type Table } from './catalog.ts'
import type { Queryable } from './database.ts'

const FRESH_MS = 250
/** So long a table that was dropped or replaced is still taken for the one that its followers know. */
const KEPT_MS = 2_000
/** Who has not looked at it for so long needs no telling. */
const FORGOTTEN_MS = 10_000

/** What stands under a name. */
export interface Found {
  readonly table: Table | undefined
  /** Another stood there a moment ago, and shapes follow it: they are served on, or, when it `isLost`, told to begin anew. */
  readonly former: { readonly table: Table; readonly isLost: boolean } | undefined
}

interface Looked {
  readonly table: Promise<Table | undefined>
  readonly atMs: number
}

interface Seen {
  readonly table: Table
  readonly atMs: number
  readonly isLost: boolean
}

/**
 * What tables look like, asked a few times a second at most however many clients there are. A table that is missing is looked for again.
 *
 * One that is dropped, or replaced by another of its name, is gone for its followers two seconds later and in an order: who comes with a handle gets
 * the handle of a successor, whoever begins first finds none yet, and from then on it is what now stands under the name.
 */
export class TableCache {
  readonly #on: Queryable
  readonly #isFollowed: (oid: number) => boolean
  readonly #looked = new Map<string, Looked>()
  readonly #seen = new Map<string, Seen>()

  constructor(on: Queryable, isFollowed: (oid: number) => boolean) {
    this.#on = on
    this.#isFollowed = isFollowed
  }

  async find(name: readonly [string, string]): Promise<Found> {
    const key = JSON.stringify(name)
    const { atMs, table } = await this.#look(key, name)
    const seen = this.#seen.get(key)
    const ageMs = performance.now() - (seen?.atMs ?? 0)
    const isOver = seen === undefined || seen.table.oid === table?.oid || ageMs > FORGOTTEN_MS || (!seen.isLost && !this.#isFollowed(seen.table.oid))
    if (!isOver) {
      const isLost = ageMs > KEPT_MS
      this.#seen.set(key, { ...seen, isLost })
      return { table, former: { table: seen.table, isLost } }
    }
    if (table === undefined) this.#seen.delete(key)
    else this.#seen.set(key, { table, atMs, isLost: false })
    return { table, former: undefined }
  }

  /** Who followed the former one was told. */
  settle(name: readonly [string, string]): void {
    this.#seen.delete(JSON.stringify(name))
  }

  async #look(key: string, name: readonly [string, string]): Promise<{ readonly table: Table | undefined; readonly atMs: number }> {
    const known = this.#looked.get(key)
    if (known !== undefined && performance.now() < known.atMs + FRESH_MS) return { table: await known.table, atMs: known.atMs }
    const looked = { table: findTable(this.#on, name), atMs: performance.now() }
    this.#looked.set(key, looked)
    const table = await looked.table.catch((error: unknown) => {
      this.#looked.delete(key)
      throw error
    })
    if (table === undefined) this.#looked.delete(key)
    return { table, atMs: looked.atMs }
  }
}
