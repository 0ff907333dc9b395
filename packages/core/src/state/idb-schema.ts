import { unwrap, type DBSchema, type IDBPDatabase } from 'idb'
import type { KeyRange } from '../provider/state-store.ts'

/** Raised by each change of the stores below; an older version of this library then leaves the database alone. */
export const SCHEMA_VERSION = 1

export const SEQ_KEY = 'seq'

/** The keys and ranges that one commit touched. Values are read when somebody asks, so that the list stays small. */
export interface ChangeRecord {
  /** Names the attempt that wrote it: a writer that lost its connection learns whether its commit was made. */
  readonly attemptId: string
  readonly keys: readonly string[]
  readonly ranges: readonly KeyRange[]
}

export interface StateSchema extends DBSchema {
  records: { key: string; value: unknown }
  /** The ring: the last commits by sequence number. */
  changes: { key: number; value: ChangeRecord }
  /** `seq`: the number of the last commit. */
  meta: { key: string; value: number }
}

export type StateDatabase = IDBPDatabase<StateSchema>

export function databaseName(namespace: string): string {
  return `bse:${namespace}`
}

/**
 * Brings any older version to this one. Runs in one transaction that the browser commits whole or not at all.
 *
 * The sequence starts at the time of day: when a database was cleared and made anew, it then stands beyond (or below)
 * anything that a watcher has seen, who is told to read everything instead of a part.
 */
export function upgradeSchema(db: StateDatabase, oldVersion: number): void {
  if (oldVersion >= 1) return
  db.createObjectStore('records')
  db.createObjectStore('changes')
  unwrap(db.createObjectStore('meta')).put(Date.now(), SEQ_KEY)
}
