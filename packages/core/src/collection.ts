import { BseError } from './errors.ts'
import type { Enqueued } from './mutation/enqueue.ts'
import type { Write, WriteRequest } from './mutation/writer.ts'
import { changesIn, changesNothing, idIn, noSuchRow, rowExists, rowWrite } from './row-write.ts'
import { validateInsert, validateUpdate, type Row, type Table } from './schema/index.ts'
import { countsFromEnd, createQuery, type Condition, type Direction, type Query, type RowStore, type SortableColumn } from './store/index.ts'
import type { LiveOptions, LiveQuery, LiveSource, Subscriptions } from './subscription/index.ts'
import type { BlobRef } from './wire/blob-ref.ts'
import { WriteResult } from './write-result.ts'

/** A query that is tied to its engine: to be read once, or shown live. Immutable; every method gives a new one. */
export interface EngineQuery<R, BlobColumn extends string> extends LiveSource<R, BlobColumn> {
  where(conditions: Condition<R>): EngineQuery<R, BlobColumn>
  orderBy(column: SortableColumn<R>, direction?: Direction): EngineQuery<R, BlobColumn>
  limit(count: number): EngineQuery<R, BlobColumn>
  /** Passes over the first rows. Pages that are counted shift when rows come and go; those behind a cursor do not. */
  offset(count: number): EngineQuery<R, BlobColumn>
  /** Only the rows behind a cursor, in the order of this query. */
  after(cursor: string): EngineQuery<R, BlobColumn>
  /** Only the rows in front of a cursor; without an `after`, limit and offset count from the cursor backwards. */
  before(cursor: string): EngineQuery<R, BlobColumn>
  /** The place of a row in the order of this query, for `after` and `before`. It stays when the row is changed or deleted. */
  cursor(row: R): string
  /** The rows now, once storage is open. Never waits for the network. */
  get(): Promise<readonly R[]>
  /** The first of these rows. */
  first(): Promise<R | undefined>
  count(): Promise<number>
}

/** One table of the engine. Every write works offline. */
export interface Collection<R, Insert, Update, BlobColumn extends string> {
  /** @throws BseError `VALIDATION_FAILED` (as a rejection) before anything is stored. */
  insert(input: Insert): WriteResult<R>
  /** @throws BseError `NOT_FOUND` (as a rejection) when there is no such row. */
  update(id: string, changes: Update): WriteResult<R>
  /** Creates the row, or changes the given columns of the one that is there. */
  upsert(input: Insert & { readonly id: string }): WriteResult<R>
  /** Fine when there is no such row. Takes a row back that is not even stored yet. */
  delete(id: string): WriteResult<void>
  where(conditions: Condition<R>): EngineQuery<R, BlobColumn>
  orderBy(column: SortableColumn<R>, direction?: Direction): EngineQuery<R, BlobColumn>
  limit(count: number): EngineQuery<R, BlobColumn>
  /** One row, once storage is open. */
  get(id: string): Promise<R | undefined>
  count(): Promise<number>
}

export interface CollectionDeps {
  readonly table: Table
  readonly store: RowStore
  readonly subscriptions: Pick<Subscriptions, 'live'>
  readonly opened: () => Promise<void>
  readonly isOpen: () => boolean
  readonly newId: () => string
  /** Writes that belong together, as one. */
  readonly write: (requests: readonly WriteRequest[]) => Write
  readonly synced: (enqueued: Enqueued | undefined) => Promise<void>
  /** The reference that a row of this device has for a hash. */
  readonly resolveRef: (hash: string) => BlobRef | undefined
}

/** The facade behind `sync.photos`. */
export function createCollection(deps: CollectionDeps): Collection<Row, unknown, unknown, string> {
  const query = (): EngineQuery<Row, string> => engineQuery(deps, createQuery<Row>(deps.table))
  return {
    insert: (input) => insert(deps, input),
    update: (id, changes) => later(deps, () => update(deps, id, changes)),
    upsert: (input) => later(deps, () => upsert(deps, input)),
    delete: (id) => later(deps, () => remove(deps, id)),
    where: (conditions) => query().where(conditions),
    orderBy: (column, direction) => query().orderBy(column, direction),
    limit: (count) => query().limit(count),
    get: async (id) => {
      await deps.opened()
      return deps.store.row(deps.table.name, id)
    },
    count: () => query().count(),
  }
}

function engineQuery<R>(deps: CollectionDeps, query: Query<R>): EngineQuery<R, string> {
  const { store, subscriptions, opened } = deps
  return {
    key: query.key,
    live: (options: LiveOptions<string>): LiveQuery<R, string> => subscriptions.live(query, options),
    where: (conditions) => engineQuery(deps, query.where(conditions)),
    orderBy: (column, direction) => engineQuery(deps, query.orderBy(column, direction)),
    limit: (count) => engineQuery(deps, query.limit(count)),
    offset: (count) => engineQuery(deps, query.offset(count)),
    after: (cursor) => engineQuery(deps, query.after(cursor)),
    before: (cursor) => engineQuery(deps, query.before(cursor)),
    cursor: (row) => query.cursor(row),
    get: async () => {
      await opened()
      return store.run(query)
    },
    first: async () => {
      await opened()
      return store.run(firstOf(query))[0]
    },
    count: async () => {
      await opened()
      return store.count(query)
    },
  }
}

/** What is counted from the end has its first row at the far side. */
function firstOf<R>(query: Query<R>): Query<R> {
  return countsFromEnd(query.plan) ? query : query.limit(Math.min(1, query.plan.limit ?? 1))
}

function insert(deps: CollectionDeps, input: unknown): WriteResult<Row> {
  return attempted(() => {
    const { table, store } = deps
    const valid = validateInsert(table, input, { resolveRef: deps.resolveRef })
    const id = valid.id ?? deps.newId()
    if (store.wire(table.name, id) !== undefined) throw rowExists(table)
    return result(deps, id, deps.write([rowWrite(table, 'insert', id, undefined, valid)]))
  })
}

function update(deps: CollectionDeps, id: string, changes: unknown): WriteResult<Row> {
  const { table, store } = deps
  const valid = validateUpdate(table, changes, { resolveRef: deps.resolveRef })
  const seen = store.wire(table.name, id)
  if (seen === undefined) throw noSuchRow(table, id)
  if (changesNothing(valid)) return unchanged(deps, id)
  return result(deps, id, deps.write([rowWrite(table, 'update', id, seen, valid)]))
}

function upsert(deps: CollectionDeps, input: unknown): WriteResult<Row> {
  const { table, store } = deps
  const id = idIn(input)
  if (id !== undefined && store.wire(table.name, id) !== undefined) return update(deps, id, changesIn(input))
  const valid = validateInsert(table, input, { resolveRef: deps.resolveRef })
  const given = valid.id ?? deps.newId()
  return result(deps, given, deps.write([rowWrite(table, 'upsert', given, undefined, valid)]))
}

function remove(deps: CollectionDeps, id: string): WriteResult<void> {
  const { table, store } = deps
  const seen = store.wire(table.name, id)
  if (seen === undefined) return new WriteResult<void>(undefined, Promise.resolve(), () => Promise.resolve())
  const { committed } = deps.write([rowWrite(table, 'delete', id, seen)])
  return new WriteResult<void>(undefined, committed.then(() => undefined), async () => deps.synced(await committed))
}

function result(deps: CollectionDeps, id: string, { committed }: Write): WriteResult<Row> {
  const { store, table } = deps
  const shown = store.row(table.name, id)
  // A write of another tab may have removed the row by then; the caller still gets what this write made.
  let last = shown
  const current = (): Row => {
    last = store.row(table.name, id) ?? last
    if (last === undefined) throw new BseError('NOT_FOUND', `core.${table.name}: the row is not readable`, { what: 'row', id })
    return last
  }
  const durable = committed.then(current)
  return new WriteResult(shown, durable, async () => {
    await deps.synced(await committed)
    return current()
  })
}

function unchanged(deps: CollectionDeps, id: string): WriteResult<Row> {
  const row = deps.store.row(deps.table.name, id)
  const done = row === undefined ? Promise.reject(rowExists(deps.table)) : Promise.resolve(row)
  return new WriteResult(row, done, () => done)
}

/** A write that builds on what is stored waits until that is known. Order of calls is kept: all of them wait for one promise. */
function later<Value>(deps: CollectionDeps, write: () => WriteResult<Value>): WriteResult<Value> {
  if (deps.isOpen()) return attempted(write)
  const held = deps.opened().then(() => ({ write: write() }))
  return new WriteResult<Value>(undefined, held.then((one) => one.write), async () => (await held).write.synced)
}

/** Bad input is a rejection, never a throw: a caller that awaits has one place to look. */
function attempted<Value>(write: () => WriteResult<Value>): WriteResult<Value> {
  try {
    return write()
  } catch (error) {
    return new WriteResult<Value>(undefined, Promise.reject(error), () => Promise.reject(error))
  }
}
