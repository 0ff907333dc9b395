import { BseError, hasCode } from '../errors.ts'
import type { Decide, KeyRange, StateChange, StateEntry, StateFactory, StateStore, UpdateOptions } from '../provider/state-store.ts'
import { createBell } from './bell.ts'
import { changesAfter } from './idb-changes.ts'
import { createConnection } from './idb-connection.ts'
import { toBseError } from './idb-faults.ts'
import { createGroupCommit } from './idb-group.ts'
import { createHints } from './idb-hints.ts'
import { eraseDatabase } from './idb-open.ts'
import { databaseName, type StateDatabase } from './idb-schema.ts'

const PAGE_SIZE = 500
/** How often a watcher looks by itself, for hints that were lost. */
const POLL_MS = 3_000

/** Records in IndexedDB, one database for each namespace: the default in browsers. */
export function idbState(): StateFactory {
  return openIdbState
}

function openIdbState(namespace: string): StateStore {
  const bell = createBell()
  /** Set by `close` and `destroy` at once; the connection itself closes after the commits under way. */
  let closing = false
  const connection = createConnection(namespace, () => void shut())
  const hints = createHints(databaseName(namespace), (hint) => {
    if (hint === 'erased') void shut()
    else bell.ring()
  })
  const commits = createGroupCommit(connection, () => {
    bell.ring()
    hints.send('changed')
  })
  const shut = async (): Promise<void> => {
    const closed = connection.close()
    hints.close()
    bell.ring()
    await closed
  }
  const isClosed = (): boolean => closing || connection.isClosed()
  const assertOpen = (operation: string): void => {
    if (isClosed()) throw new BseError('CLOSED', `state-idb.${operation}: the store is closed`, { what: 'idb state' })
  }

  return {
    name: 'idb',
    durable: true,
    async update<T>(read: readonly string[], decide: Decide<T>, { durability }: UpdateOptions): Promise<T> {
      assertOpen('update')
      return new Promise<T>((resolve, reject) => {
        commits.add({ read, decide, durability, resolve, reject })
      })
    },
    async get(keys) {
      assertOpen('get')
      return connection.read('get', (db) => readValues(db, keys))
    },
    async *read({ from, to }, { pageSize = PAGE_SIZE, signal } = {}): AsyncGenerator<readonly StateEntry[], void, undefined> {
      let [start, exclusive] = [from, false]
      for (;;) {
        signal?.throwIfAborted()
        assertOpen('read')
        const page = await connection.read('read', (db) => readPage(db, { from: start, to }, exclusive, pageSize))
        signal?.throwIfAborted()
        if (page.length > 0) yield page
        if (page.length < pageSize) return
        start = page.at(-1)?.key ?? to
        exclusive = true
      }
    },
    async *watch(since, { signal }): AsyncGenerator<StateChange, void, undefined> {
      let seen = since
      while (!isClosed() && !signal.aborted) {
        const heard = bell.count
        const change = await changeOrEnd(seen)
        if (isClosed() || signal.aborted) return
        if (change === undefined) await bell.wait(heard, { timeoutMs: POLL_MS, signal })
        else {
          seen = change.seq
          yield change
        }
      }
    },
    async destroy() {
      assertOpen('destroy')
      closing = true
      await commits.idle()
      hints.send('erased')
      await shut()
      await eraseDatabase(namespace).catch((error: unknown) => { throw toBseError(error, 'destroy') })
    },
    async close() {
      closing = true
      await commits.idle()
      await shut()
    },
  }

  async function changeOrEnd(since: number | undefined): Promise<StateChange | undefined> {
    try {
      return await connection.read('watch', (db) => changesAfter(db, since))
    } catch (error) {
      if (hasCode(error, 'CLOSED')) return undefined
      throw error
    }
  }
}

async function readValues(db: StateDatabase, keys: readonly string[]): Promise<readonly unknown[]> {
  const tx = db.transaction('records')
  const [values] = await Promise.all([Promise.all(keys.map((key) => tx.store.get(key))), tx.done])
  return values
}

async function readPage(db: StateDatabase, { from, to }: KeyRange, exclusive: boolean, limit: number): Promise<readonly StateEntry[]> {
  if (from >= to) return []
  const range = IDBKeyRange.bound(from, to, exclusive, true)
  const tx = db.transaction('records')
  const [keys, values] = await Promise.all([tx.store.getAllKeys(range, limit), tx.store.getAll(range, limit), tx.done])
  return keys.map((key, n) => ({ key, value: values[n] }))
}
