import { existsSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { deserialize, serialize } from 'node:v8'
import { BseError, type KeyRange, type StateEntry, type UpdateOptions } from '@bse/core/provider'
import { dirname } from 'node:path'
import { makeFolder } from './database-file.ts'

/** How long one call may block the thread while another process commits. Longer waits are spent asleep. */
const BUSY_TIMEOUT_MS = 50
const SCHEMA_VERSION = 1

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS changes (seq INTEGER PRIMARY KEY, attempt TEXT NOT NULL, touched TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/** What a commit touched: ranges first, then keys. */
export interface Touched {
  readonly keys: readonly string[]
  readonly ranges: readonly KeyRange[]
}

/** One open connection with the statements that the store needs. Every method is one synchronous step. */
export class Database {
  readonly #db: DatabaseSync
  readonly #statements: Map<string, StatementSync> = new Map()
  #durability: UpdateOptions['durability'] | undefined

  /** @throws what SQLite says; BseError `STORAGE_FAILED` for a file that a newer version wrote. */
  constructor(file: string) {
    if (!existsSync(file)) makeFolder(dirname(file))
    this.#db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
    try {
      this.#setUp()
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  #setUp(): void {
    const version = Number(this.#db.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version > SCHEMA_VERSION) throw new BseError('STORAGE_FAILED', 'state-sqlite: a newer version wrote this database', { store: 'sqlite' })
    this.#db.exec('PRAGMA journal_mode = WAL')
    this.setDurability('strict')
    if (version < SCHEMA_VERSION) this.transaction('immediate', () => this.#db.exec(SCHEMA))
  }

  /** For the next transactions: FULL syncs the log at each commit, with everything that came before it; NORMAL does not. */
  setDurability(durability: UpdateOptions['durability']): void {
    if (this.#durability === durability) return
    this.#db.exec(`PRAGMA synchronous = ${durability === 'strict' ? 'FULL' : 'NORMAL'}`)
    this.#durability = durability
  }

  /** All of `work` or nothing; readers see one moment. */
  transaction<T>(mode: 'immediate' | 'deferred', work: () => T): T {
    this.#db.exec(mode === 'immediate' ? 'BEGIN IMMEDIATE' : 'BEGIN')
    try {
      const result = work()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /** Puts all that was committed on the disk, however it was committed. */
  checkpoint(): void {
    this.#db.exec('PRAGMA wal_checkpoint(FULL)')
  }

  value(key: string): unknown {
    const row = this.#run('SELECT value FROM records WHERE key = ?').get(key)
    return row === undefined ? undefined : valueOf(row['value'])
  }

  page({ from, to }: KeyRange, after: string | undefined, limit: number): readonly StateEntry[] {
    const low = after === undefined ? '>= ?' : '> ?'
    const rows = this.#run(`SELECT key, value FROM records WHERE key ${low} AND key < ? ORDER BY key LIMIT ?`).all(after ?? from, to, limit)
    return rows.map((row) => ({ key: String(row['key']), value: valueOf(row['value']) }))
  }

  put(key: string, value: Uint8Array): void {
    this.#run('INSERT INTO records (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value').run(key, value)
  }

  delete(key: string): void {
    this.#run('DELETE FROM records WHERE key = ?').run(key)
  }

  deleteRange({ from, to }: KeyRange): void {
    this.#run('DELETE FROM records WHERE key >= ? AND key < ?').run(from, to)
  }

  /** Of the last commit; 0 before the first. */
  seq(): number {
    return this.#meta('seq')
  }

  isErased(): boolean {
    return this.#meta('erased') === 1
  }

  /** Ends a commit: gives it its number and forgets the change that falls out of the ring. */
  recordChange(attempt: string, touched: Touched, ringCommits: number): void {
    const seq = this.seq() + 1
    this.#run('INSERT INTO changes (seq, attempt, touched) VALUES (?, ?, ?)').run(seq, attempt, JSON.stringify(touched))
    this.#run('DELETE FROM changes WHERE seq <= ?').run(seq - ringCommits)
    this.#setMeta('seq', seq)
  }

  /** Changes after `since`, oldest first. */
  changesAfter(since: number): readonly Touched[] {
    const rows = this.#run('SELECT touched FROM changes WHERE seq > ? ORDER BY seq').all(since)
    return rows.map((row) => JSON.parse(String(row['touched'])) as Touched)
  }

  hasAttempt(attempt: string): boolean {
    return this.#run('SELECT 1 FROM changes WHERE attempt = ?').get(attempt) !== undefined
  }

  /** Whoever still has the file open learns that it is over. */
  erase(): void {
    this.#db.exec('DELETE FROM records; DELETE FROM changes')
    this.#setMeta('erased', 1)
  }

  close(): void {
    this.#db.close()
  }

  #meta(name: string): number {
    return Number(this.#run('SELECT value FROM meta WHERE name = ?').get(name)?.['value'] ?? 0)
  }

  #setMeta(name: string, value: number): void {
    this.#run('INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value').run(name, value)
  }

  #run(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

/** V8's structured clone, which later versions of Node read too. @throws for what cannot be cloned. */
export function bytesOf(value: unknown): Uint8Array {
  return serialize(value)
}

function valueOf(bytes: unknown): unknown {
  return deserialize(bytes as Uint8Array)
}
