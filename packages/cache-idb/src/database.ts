import { BseError } from '@bse/core/provider'
import type { BlobHash } from '@bse/core/wire'
import { deleteDB, openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction } from 'idb'
import { errorName } from './idb-error.ts'

/** Raised by each change of the stores below; an older version of this package then leaves the database alone. */
const SCHEMA_VERSION = 1
/** A tab that does not let go of its old connection is waited for this long. */
const BLOCKED_MS = 5_000

export interface BlobRecord {
  /** The chunks stay under the id that they were staged with: publishing moves no bytes. */
  readonly stageId: string
  readonly sizeBytes: number
  /** Of every chunk but the last. */
  readonly chunkBytes: number
}

export interface StageRecord {
  /** Left out while the bytes are still coming. */
  readonly written?: { readonly hash: BlobHash; readonly sizeBytes: number }
}

/** Chunks are there only as long as a record of `blobs` or `staging` names their stage id: no commit leaves one without the other. */
export interface CacheSchema extends DBSchema {
  blobs: { key: string; value: BlobRecord }
  staging: { key: string; value: StageRecord }
  /** ArrayBuffers, not Blobs: WebKit fails to store those in several cases. */
  chunks: { key: [stageId: string, index: number]; value: ArrayBuffer }
}

export const STORES: readonly ['blobs', 'staging', 'chunks'] = ['blobs', 'staging', 'chunks']
export type CacheDatabase = IDBPDatabase<CacheSchema>
export type CacheTransaction = IDBPTransaction<CacheSchema, typeof STORES, 'readwrite'>

export interface OpenEvents {
  /** Another tab removes the database, or upgrades it; it waits until this connection is closed. */
  onWanted(by: 'removal' | 'upgrade'): void
  /** The browser has closed the connection by itself. */
  onTerminated(): void
}

/**
 * @throws BseError `SCHEMA_TOO_NEW` when a newer version of this package wrote the database, which stays as it is;
 *   `STORAGE_FAILED` when another tab holds on to an older version for too long; else the browser's own error.
 */
export async function openDatabase(namespace: string, events: OpenEvents): Promise<CacheDatabase> {
  const name = databaseName(namespace)
  const start = (blocked: () => void): Promise<CacheDatabase> => openDB<CacheSchema>(name, SCHEMA_VERSION, {
    upgrade(db, _oldVersion, _newVersion, tx) {
      // The open itself rejects when its upgrade fails; idb's second promise of that would go unhandled.
      tx.done.catch(() => undefined)
      for (const store of STORES) db.createObjectStore(store)
    },
    blocked,
    blocking: (_, newVersion) => events.onWanted(newVersion === null ? 'removal' : 'upgrade'),
    terminated: () => events.onTerminated(),
  })
  try {
    return await blockedAtMost(start, (db) => db.close())
  } catch (error) {
    throw errorName(error) === 'VersionError' ? await tooNew(name, error) : error
  }
}

/** @throws BseError `STORAGE_FAILED` when another tab holds on to it for too long; it goes as soon as that tab does. */
export function eraseDatabase(namespace: string): Promise<void> {
  return blockedAtMost((blocked) => deleteDB(databaseName(namespace), { blocked }), () => undefined)
}

function databaseName(namespace: string): string {
  return `bse-cache:${namespace}`
}

async function tooNew(name: string, cause: unknown): Promise<BseError> {
  const listed = (await indexedDB.databases()).find((database) => database.name === name)
  const details = { found: listed?.version ?? SCHEMA_VERSION + 1, known: SCHEMA_VERSION }
  return new BseError('SCHEMA_TOO_NEW', 'cache-idb: written by a newer version of this package', details, { cause })
}

/** Waits as long as the browser works, and a bounded time once other tabs are in the way. `tooLate` gets what came after that. */
async function blockedAtMost<T>(start: (onBlocked: () => void) => Promise<T>, tooLate: (value: T) => void): Promise<T> {
  const blocked = Promise.withResolvers<never>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let gaveUp = false
  const giveUp = (): void => {
    gaveUp = true
    blocked.reject(new BseError('STORAGE_FAILED', 'cache-idb: another tab holds on to the database', { store: 'idb' }))
  }
  const work = start(() => { timer ??= setTimeout(giveUp, BLOCKED_MS) })
  work.then((value) => { if (gaveUp) tooLate(value) }, () => undefined) // a failure is heard below, or came too late to matter
  try {
    return await Promise.race([work, blocked.promise])
  } finally {
    clearTimeout(timer)
  }
}
