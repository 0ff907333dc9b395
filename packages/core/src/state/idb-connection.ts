import { unwrap } from 'idb'
import { BseError, isBseError } from '../errors.ts'
import { createFreezeGuard } from '../provider/freeze-guard.ts'
import { isConnectionLost, isUnexplainedAbort, toBseError } from './idb-faults.ts'
import { openDatabase } from './idb-open.ts'
import type { StateDatabase } from './idb-schema.ts'

const MAX_ATTEMPTS = 4

/** One database, opened when it is needed and again when the browser has taken the connection away. */
export interface IdbConnection {
  isClosed(): boolean
  /** @throws BseError `CLOSED`, `SCHEMA_TOO_NEW`, `STORAGE_FAILED`; the browser's own error when opening fails. */
  use(): Promise<StateDatabase>
  /** Lets a connection go that has failed; the next `use` opens another. */
  drop(db: StateDatabase | undefined): void
  /** Runs what only reads, again on a new connection when this one was lost. `operation` appears in errors. */
  read<T>(operation: string, run: (db: StateDatabase) => Promise<T>): Promise<T>
  /** Waits for transactions under way. Calling it twice is fine. */
  close(): Promise<void>
}

/** `onErased` is called when another tab removes the database; the connection is closed for good then. */
export function createConnection(namespace: string, onErased: () => void): IdbConnection {
  const freezing = createFreezeGuard()
  let closed = false
  let current: StateDatabase | undefined
  let opening: Promise<StateDatabase> | undefined

  const drop = (db: StateDatabase | undefined): void => {
    db?.close()
    if (db === current) opening = current = undefined
  }
  const open = async (): Promise<StateDatabase> => {
    try {
      const db: StateDatabase = await openDatabase(namespace, {
        onWanted(by) {
          drop(db)
          if (by === 'upgrade') return
          closed = true
          onErased()
        },
        onTerminated: () => drop(db),
      })
      freezing.guard(unwrap(db))
      current = db
      return db
    } catch (error) {
      opening = undefined
      throw error
    }
  }
  const use = async (): Promise<StateDatabase> => {
    await freezing.thawed()
    if (closed) throw new BseError('CLOSED', 'state-idb: the store is closed', { what: 'idb state' })
    return (opening ??= open())
  }

  return {
    isClosed: () => closed,
    use,
    drop,
    async read(operation, run) {
      for (let attempt = 1; ; attempt += 1) {
        let db: StateDatabase | undefined
        try {
          db = await use()
          return await run(db)
        } catch (error) {
          if (isBseError(error)) throw error
          drop(db)
          const worthwhile = isConnectionLost(error) || isUnexplainedAbort(error)
          if (!worthwhile || attempt >= MAX_ATTEMPTS) throw toBseError(error, operation)
        }
      }
    },
    async close() {
      closed = true
      freezing.close()
      // An open that fails leaves nothing to close, and whoever asked for it has heard.
      await opening?.then((db) => db.close(), () => undefined)
      opening = current = undefined
    },
  }
}
