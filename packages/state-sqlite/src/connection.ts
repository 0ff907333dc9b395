import { setTimeout as sleep } from 'node:timers/promises'
import { Database } from './database.ts'
import type { ProcessLock } from './process-lock.ts'
import { isBusy } from './sqlite-error.ts'

const RETRY_MS = 20
/** Together with the retries' own waits about ten seconds: commits of others take milliseconds. */
const MAX_BUSY_RETRIES = 150

/** The database, opened when it is first needed and again after a fault. */
export class Connection {
  readonly #file: string
  readonly #lock: ProcessLock | undefined
  #db: Database | undefined

  constructor(file: string, lock: ProcessLock | undefined) {
    this.#file = file
    this.#lock = lock
  }

  /** Runs one synchronous step, again while another process has the lock. @throws what SQLite says. */
  async run<T>(step: (db: Database) => T): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        this.#lock?.take()
        this.#db ??= new Database(this.#file)
        return step(this.#db)
      } catch (error) {
        if (!isBusy(error) || tries >= MAX_BUSY_RETRIES) throw error
        await sleep(RETRY_MS)
      }
    }
  }

  /** After a fault of the disk: what this connection remembers of the file may no longer hold. */
  drop(): void {
    const db = this.#db
    this.#db = undefined
    db?.close()
  }
}
