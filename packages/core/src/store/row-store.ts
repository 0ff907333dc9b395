import { BseError, type ValidationIssue } from '../errors.ts'
import type { Row, Schema } from '../schema/index.ts'
import type { RowWire } from '../wire/mutation-wire.ts'
import type { StoreChange } from './changes.ts'
import type { LiveQuery } from './live-query.ts'
import { Notifier } from './notifier.ts'
import type { Query } from './query.ts'
import type { Cell } from './references.ts'
import { TableStore } from './table-store.ts'
import { windowOf } from './window-of.ts'

/** A query under observation. */
export interface Observed<R> {
  /** The rows now, frozen: the same array until something in it changed. Not kept up to date after `close`. */
  rows(): readonly R[]
  /** The listener is not called again. Calling it twice is fine. */
  close(): void
}

/** A row of the server that does not fit the schema. */
export interface RowIssues {
  readonly table: string
  readonly id: string
  readonly issues: readonly ValidationIssue[]
}

/**
 * The rows of all tables in memory, as the person sees them: what the server said with pending writes on top.
 * A row is frozen and keeps its identity until one of its values changes.
 */
export interface RowStore {
  /** True once everything stored on this device has been read; rows may be missing before. */
  readonly ready: boolean
  /** Tells every listener once. Calling it again does nothing. */
  markReady(): void
  /**
   * One round: all changes take effect, then each listener whose rows changed is told once. Changes of tables that the
   * schema does not have are ignored: an older or newer version of the app stored them.
   *
   * @throws what a listener threw, after all of them were told and with every change in effect.
   */
  apply(changes: readonly StoreChange[]): void
  row(table: string, id: string): Row | undefined
  /** The row as the person sees it, encoded for the wire. */
  wire(table: string, id: string): RowWire | undefined
  /** The row as the server said it, encoded for the wire. */
  baseRow(table: string, id: string): RowWire | undefined
  /** Ids of the rows that the server said; nothing for a table that the schema does not have. */
  baseIds(table: string): Iterable<string>
  /** @throws BseError `QUERY_INVALID` when the schema does not have the query's table; so do `count` and `observe`. */
  run<R>(query: Query<R>): readonly R[]
  /** How many rows `run` would give, offset and limit included. */
  count<R>(query: Query<R>): number
  observe<R>(query: Query<R>, listener: () => void): Observed<R>
  /** How many cells name a blob, as the server has them or as the person sees them. */
  references(hash: string): number
  rowsOf(hash: string): readonly Cell[]
  /** Rows of the server that do not fit the schema: cells that read as null, and rows out of sight. */
  issues(): readonly RowIssues[]
}

export function createRowStore(schema: Schema): RowStore {
  const tables: ReadonlyMap<string, TableStore> = new Map([...schema.tables].map(([name, table]) => [name, new TableStore(table)]))
  const notifier = new Notifier()
  let isReady = false
  const tableOf = <R>({ plan }: Query<R>): TableStore => {
    const table = tables.get(plan.table)
    if (table !== undefined) return table
    throw new BseError('QUERY_INVALID', 'store.query: a table of another schema', { table: plan.table, column: undefined })
  }
  return {
    get ready(): boolean {
      return isReady
    },
    markReady: () => {
      if (isReady) return
      isReady = true
      notifier.tell([...tables.values()].flatMap(({ queries }) => [...queries.values()]))
    },
    apply: (changes) => notifier.tell(applyTo(tables, changes)),
    row: (table, id) => tables.get(table)?.rows.get(id),
    wire: (table, id) => tables.get(table)?.wire(id),
    baseRow: (table, id) => tables.get(table)?.base(id),
    baseIds: (table) => tables.get(table)?.baseIds() ?? [],
    run: <R>(query: Query<R>) => run(tableOf(query), query),
    count: <R>(query: Query<R>) => count(tableOf(query), query),
    observe: <R>(query: Query<R>, listener: () => void) => observe(tableOf(query), query, listener),
    references: (hash) => [...tables.values()].reduce((sum, { references }) => sum + references.count(hash), 0),
    rowsOf: (hash) => [...tables.values()].flatMap(({ references }) => [...references.cells(hash)]),
    issues: () => [...tables].flatMap(([table, { issues }]) => [...issues].map(([id, found]) => ({ table, id, issues: found }))),
  }
}

function applyTo(tables: ReadonlyMap<string, TableStore>, changes: readonly StoreChange[]): readonly LiveQuery[] {
  const touched: Set<TableStore> = new Set()
  for (const change of changes) {
    const table = tables.get(change.table)
    if (table === undefined) continue
    table.change(change)
    touched.add(table)
  }
  return [...touched].flatMap((table) => table.settle())
}

function run<R>({ queries, rows }: TableStore, { key, plan }: Query<R>): readonly R[] {
  const live = queries.find(key)
  if (live !== undefined) return live.rows() as readonly R[]
  const window = windowOf(plan)
  window.fill(rows.matching(plan))
  return window.visible() as readonly R[]
}

function count<R>({ rows }: TableStore, { plan }: Query<R>): number {
  let matching = 0
  for (const _ of rows.matching(plan)) matching += 1
  return Math.min(Math.max(0, matching - plan.offset), plan.limit ?? Infinity)
}

function observe<R>({ queries }: TableStore, query: Query<R>, listener: () => void): Observed<R> {
  const live = queries.open(query)
  // A listener of its own for each observer, even when two pass the same function.
  const tell = (): void => listener()
  live.listeners.add(tell)
  return {
    rows: () => live.rows() as readonly R[],
    close: () => {
      live.listeners.delete(tell)
      queries.release(query.key, live)
    },
  }
}
