import { deleteDB, openDB } from 'idb'
import { BseError } from '../errors.ts'
import { databaseName, SCHEMA_VERSION, upgradeSchema, type StateDatabase, type StateSchema } from './idb-schema.ts'

/** A tab that does not let go of its old connection is waited for this long. */
const BLOCKED_MS = 5_000

export interface OpenEvents {
  /** Another tab removes the database, or upgrades it; it waits until this connection is closed. */
  onWanted(by: 'removal' | 'upgrade'): void
  /** The browser has closed the connection by itself. */
  onTerminated(): void
}

/**
 * @throws BseError `SCHEMA_TOO_NEW` when a newer version of this library wrote the database, which stays as it is;
 *   `STORAGE_FAILED` when another tab holds on to an older version for too long; else the browser's own error.
 */
export async function openDatabase(namespace: string, events: OpenEvents): Promise<StateDatabase> {
  const name = databaseName(namespace)
  const start = (blocked: () => void): Promise<StateDatabase> => openDB<StateSchema>(name, SCHEMA_VERSION, {
    upgrade(db, oldVersion, _newVersion, tx) {
      // The open itself rejects when its upgrade fails; idb's second promise of that would go unhandled.
      tx.done.catch(() => undefined)
      upgradeSchema(db, oldVersion)
    },
    blocked,
    blocking: (_, newVersion) => events.onWanted(newVersion === null ? 'removal' : 'upgrade'),
    terminated: () => events.onTerminated(),
  })
  try {
    return await blockedAtMost(start, (db) => db.close())
  } catch (error) {
    if ((error as { readonly name?: unknown } | null)?.name !== 'VersionError') throw error
    throw await tooNew(name, error)
  }
}

/** @throws BseError `STORAGE_FAILED` when another tab holds on to it for too long; it goes as soon as that tab does. */
export async function eraseDatabase(namespace: string): Promise<void> {
  await blockedAtMost((blocked) => deleteDB(databaseName(namespace), { blocked }), () => undefined)
}

async function tooNew(name: string, cause: unknown): Promise<BseError> {
  const listed = (await indexedDB.databases()).find((database) => database.name === name)
  const details = { found: listed?.version ?? SCHEMA_VERSION + 1, known: SCHEMA_VERSION }
  return new BseError('SCHEMA_TOO_NEW', 'state-idb: written by a newer version of this library', details, { cause })
}

/** Waits as long as the browser works, and a bounded time once other tabs are in the way. `tooLate` gets what came after that. */
function blockedAtMost<T>(start: (onBlocked: () => void) => Promise<T>, tooLate: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let gaveUp = false
    const giveUp = (): void => {
      gaveUp = true
      reject(new BseError('STORAGE_FAILED', 'state-idb: another tab holds on to the database', { store: 'idb' }))
    }
    start(() => { timer ??= setTimeout(giveUp, BLOCKED_MS) }).then(
      (value) => {
        clearTimeout(timer)
        if (gaveUp) tooLate(value)
        else resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
