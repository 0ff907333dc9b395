import { existsSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { BseError } from '@bse/core/provider'
import { makeFolder } from './database-file.ts'
import { isBusy } from './sqlite-error.ts'

interface Held {
  readonly db: DatabaseSync
  users: number
}

/** By file, for this thread: SQLite keeps other threads out like other processes. */
const held = new Map<string, Held>()

/**
 * Keeps other processes away from a database: engines have no locks over several processes in Node, by which tabs of a browser take turns. The lock is
 * SQLite's own, on a file beside the database: it ends with the process, however that ends.
 */
export class ProcessLock {
  readonly #file: string
  #isHeld = false

  constructor(databaseFile: string) {
    this.#file = `${databaseFile}-lock`
  }

  /** @throws BseError `ALREADY_OPEN` when another process or thread has it; what SQLite says. */
  take(): void {
    if (this.#isHeld) return
    const known = held.get(this.#file)
    if (known === undefined) held.set(this.#file, { db: lockedFile(this.#file), users: 1 })
    else known.users += 1
    this.#isHeld = true
  }

  /** With `remove`, for a database that is gone. */
  release({ remove }: { readonly remove: boolean }): void {
    const known = held.get(this.#file)
    if (!this.#isHeld || known === undefined) return
    this.#isHeld = false
    known.users -= 1
    if (known.users > 0) return
    held.delete(this.#file)
    if (remove) rmSync(this.#file, { force: true })
    known.db.close()
  }
}

function lockedFile(file: string): DatabaseSync {
  makeFolder(dirname(file))
  for (;;) {
    const db = new DatabaseSync(file, { timeout: 0 })
    try {
      db.exec('BEGIN EXCLUSIVE')
      // Whoever had it before may have removed it with its database, between the two calls.
      if (existsSync(file)) return db
      db.close()
    } catch (error) {
      db.close()
      if (!isBusy(error)) throw error
      throw new BseError('ALREADY_OPEN', 'state-sqlite: another process has this database open', { name: file.replace(/^.*[\\/]/, '').replace(/\.sqlite-lock$/, '') })
    }
  }
}
