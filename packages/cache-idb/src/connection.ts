import { BseError, createFreezeGuard, isBseError, type FreezeGuard } from '@bse/core/provider'
import { unwrap } from 'idb'
import { openDatabase, type CacheDatabase } from './database.ts'
import { isConnectionLost, isUnexplainedAbort, toStorageError } from './idb-error.ts'

export const MAX_ATTEMPTS = 4

/** One database, opened when it is needed and again when the browser has taken the connection away. */
export class Connection {
  readonly #namespace: string
  readonly #freezing: FreezeGuard = createFreezeGuard()
  #closed = false
  #current: CacheDatabase | undefined
  #opening: Promise<CacheDatabase> | undefined

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  /** @throws BseError `CLOSED`, `SCHEMA_TOO_NEW`, `STORAGE_FAILED`; the browser's own error when opening fails. */
  async use(): Promise<CacheDatabase> {
    await this.#freezing.thawed()
    if (this.#closed) throw new BseError('CLOSED', 'cache-idb: the store is closed', { what: 'cache' })
    return (this.#opening ??= this.#open())
  }

  async #open(): Promise<CacheDatabase> {
    try {
      const db: CacheDatabase = await openDatabase(this.#namespace, {
        onWanted: (by) => {
          // Whoever erases the namespace wants nothing to be put into a new one by a tab that has not heard.
          if (by === 'removal') this.#closed = true
          this.drop(db)
        },
        onTerminated: () => this.drop(db),
      })
      this.#freezing.guard(unwrap(db))
      this.#current = db
      return db
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }

  /** Lets a connection go that has failed; the next `use` opens another. */
  drop(db: CacheDatabase | undefined): void {
    db?.close()
    if (db === this.#current) this.#opening = this.#current = undefined
  }

  /** Runs what only reads, again on a new connection when this one was lost. `operation` appears in errors. */
  async read<T>(operation: string, run: (db: CacheDatabase) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      let db: CacheDatabase | undefined
      try {
        db = await this.use()
        return await run(db)
      } catch (error) {
        if (isBseError(error)) throw error
        this.drop(db)
        const worthwhile = isConnectionLost(error) || isUnexplainedAbort(error)
        if (!worthwhile || attempt >= MAX_ATTEMPTS) throw toStorageError(error, operation)
      }
    }
  }

  /** Waits for transactions under way. Calling it twice is fine. */
  async close(): Promise<void> {
    this.#closed = true
    this.#freezing.close()
    // An open that fails leaves nothing to close, and whoever asked for it has heard.
    await this.#opening?.then((db) => db.close(), () => undefined)
    this.#opening = this.#current = undefined
  }
}
