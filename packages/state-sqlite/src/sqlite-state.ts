import { resolve } from 'node:path'
import { BseError, type Decide, type StateChange, type StateEntry, type StateFactory, type StateStore, type UpdateOptions } from '@bse/core/provider'
import { changesAfter } from './changes.ts'
import { Channel } from './channel.ts'
import { erased } from './commit.ts'
import { Connection } from './connection.ts'
import { databaseFile, removeFiles } from './database-file.ts'
import type { Database } from './database.ts'
import { GroupCommit } from './group-commit.ts'
import { ProcessLock } from './process-lock.ts'
import { toStorageError } from './sqlite-error.ts'

const PAGE_SIZE = 500

export interface SqliteStateOptions {
  /** Each namespace gets a database file of its own in this folder. Created when missing; a relative path is resolved right away. */
  readonly directory: string
  /**
   * Other processes may open the same files. Default false: they get `ALREADY_OPEN`, since engines of several processes have no locks in common in Node.
   */
  readonly sharesProcesses?: boolean
}

/**
 * Records in SQLite files, for Node: `strict` commits are synced to the disk, by `synchronous = FULL` over a write-ahead log.
 * One process at a time, or, with `sharesProcesses`, several that share everything. Not for network file systems, which do not lock well enough.
 *
 * @throws BseError `CONFIG_INVALID` (from the factory) for a namespace that cannot name a file.
 */
export function sqliteState(options: SqliteStateOptions): StateFactory {
  const directory = resolve(options.directory)
  return (namespace) => new SqliteState(databaseFile(directory, namespace), options.sharesProcesses === true)
}

class SqliteState implements StateStore {
  readonly name = 'sqlite'
  readonly durable = true
  readonly #file: string
  readonly #channel: Channel
  readonly #lock: ProcessLock | undefined
  readonly #connection: Connection
  readonly #commits: GroupCommit
  readonly #end: AbortController = new AbortController()

  constructor(file: string, sharesProcesses: boolean) {
    this.#file = file
    this.#channel = Channel.join(file)
    this.#lock = sharesProcesses ? undefined : new ProcessLock(file)
    this.#connection = new Connection(file, this.#lock)
    this.#commits = new GroupCommit(this.#connection, () => this.#channel.announce())
  }

  async update<T>(read: readonly string[], decide: Decide<T>, { durability }: UpdateOptions): Promise<T> {
    this.#assertOpen('update')
    return new Promise<T>((resolve, reject) => {
      this.#commits.add({ read, decide, durability, resolve: (result) => resolve(result as T), reject })
    })
  }

  async get(keys: readonly string[]): Promise<readonly unknown[]> {
    return this.#snapshot('get', (db) => keys.map((key) => db.value(key)))
  }

  async *read(range: { readonly from: string; readonly to: string }, options: { readonly pageSize?: number; readonly signal?: AbortSignal } = {}): AsyncGenerator<readonly StateEntry[], void, undefined> {
    const { pageSize = PAGE_SIZE, signal } = options
    let after: string | undefined
    for (;;) {
      signal?.throwIfAborted()
      const page = await this.#snapshot('read', (db) => db.page(range, after, pageSize))
      signal?.throwIfAborted()
      if (page.length > 0) yield page
      if (page.length < pageSize) return
      after = page.at(-1)?.key
    }
  }

  async *watch(since: number | undefined, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<StateChange, void, undefined> {
    const stop = AbortSignal.any([signal, this.#end.signal])
    let seen = since
    while (!stop.aborted) {
      const heard = this.#channel.count
      const change = await this.#changeOrEnd(seen)
      if (change === 'end' || stop.aborted) return
      if (change === undefined) await this.#channel.changed(heard, stop)
      else {
        seen = change.seq
        yield change
      }
    }
  }

  async destroy(): Promise<void> {
    this.#assertOpen('destroy')
    this.#end.abort()
    await this.#commits.idle()
    try {
      await this.#connection.run((db) => {
        db.setDurability('strict')
        db.transaction('immediate', () => db.erase())
      })
      this.#connection.drop()
      removeFiles(this.#file)
      this.#lock?.release({ remove: true })
    } catch (error) {
      throw toStorageError(error, 'destroy')
    } finally {
      this.#channel.announce()
      this.#leave()
    }
  }

  async close(): Promise<void> {
    if (this.#end.signal.aborted) return
    this.#end.abort()
    await this.#commits.idle()
    this.#leave()
  }

  #leave(): void {
    this.#connection.drop()
    this.#lock?.release({ remove: false })
    this.#channel.leave()
  }

  #assertOpen(operation: string): void {
    if (this.#end.signal.aborted) throw new BseError('CLOSED', `state-sqlite.${operation}: the store is closed`, { what: 'sqlite state' })
  }

  async #snapshot<T>(operation: string, work: (db: Database) => T): Promise<T> {
    this.#assertOpen(operation)
    try {
      return await this.#connection.run((db) => db.transaction('deferred', () => {
        if (db.isErased()) throw erased(operation)
        return work(db)
      }))
    } catch (error) {
      throw toStorageError(error, operation)
    }
  }

  async #changeOrEnd(since: number | undefined): Promise<StateChange | 'end' | undefined> {
    if (this.#end.signal.aborted) return 'end'
    try {
      return await this.#connection.run((db) => (db.isErased() ? 'end' : changesAfter(db, since)))
    } catch (error) {
      throw toStorageError(error, 'watch')
    }
  }
}
