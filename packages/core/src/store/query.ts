import type { Row, Table } from '../schema/index.ts'
import { cursorOf, readCursor } from './cursor.ts'
import { columnOf, isSortable, queryError, testsOf } from './operand.ts'
import type { QueryPlan, Test } from './plan.ts'
import type { Condition, Direction, SortableColumn } from './query-types.ts'

/**
 * A question about one table. Immutable: every method gives a new query, so a query can be kept and refined.
 *
 * Rows come in a total order: as `orderBy` says, then by id. Text is ordered by UTF-16 code unit, null comes first.
 */
export interface Query<R> {
  readonly plan: QueryPlan
  /** The same for queries that ask the same in the same words; fit for a memo or a cache. */
  readonly key: string
  /**
   * Keeps the rows for which every condition holds; further calls narrow further. Dates are compared by time.
   *
   * @throws BseError `QUERY_INVALID` for a column that is not there, an unknown operator, or a value of another type,
   * `undefined` and combinations of nothing included: a forgotten value must not select everything.
   */
  where(conditions: Condition<R>): Query<R>
  /** @throws BseError `QUERY_INVALID` for a column that is not there or has no order (json, blob), and behind `after` or `before`. */
  orderBy(column: SortableColumn<R>, direction?: Direction): Query<R>
  /** The first `count` rows; the last call counts. @throws BseError `QUERY_INVALID` unless it is a whole number from 0. */
  limit(count: number): Query<R>
  /** Passes over `count` rows; the last call counts. @throws BseError `QUERY_INVALID` unless it is a whole number from 0. */
  offset(count: number): Query<R>
  /**
   * Only the rows behind a cursor in the order of this query; the last call counts.
   *
   * @throws BseError `QUERY_INVALID` for a cursor of another table or of another order.
   */
  after(cursor: string): Query<R>
  /**
   * Only the rows in front of a cursor; the last call counts. Without an `after`, limit and offset count from the cursor
   * backwards: `before(cursor).limit(20)` is the page in front of it, in the order of the query.
   *
   * @throws BseError `QUERY_INVALID` for a cursor of another table or of another order.
   */
  before(cursor: string): Query<R>
  /** The place of a row in the order of this query: a text for `after` and `before`, which a change of the row does not move. */
  cursor(row: R): string
  /** Never there; carries the row's type. */
  readonly rowType?: R
}

/** All rows of a table, in order of id. */
export function createQuery<R = Row>(table: Table): Query<R> {
  return queryOf<R>(table, { table: table.name, tests: [], order: [], after: undefined, before: undefined, offset: 0, limit: undefined })
}

function queryOf<R>(table: Table, plan: QueryPlan): Query<R> {
  return Object.freeze({
    plan,
    key: keyOf(plan),
    where: (conditions: Condition<R>) => queryOf<R>(table, { ...plan, tests: [...plan.tests, ...testsOf(table, conditions)] }),
    orderBy: (column: string, direction: Direction = 'asc') => {
      if (!isSortable(columnOf(table, column))) throw queryError(table, column, 'a column without an order')
      if (plan.after !== undefined || plan.before !== undefined) throw queryError(table, column, 'the order comes before the cursor')
      if (direction !== 'asc' && direction !== 'desc') throw queryError(table, column, "neither 'asc' nor 'desc'")
      return queryOf<R>(table, { ...plan, order: [...plan.order, { column, direction }] })
    },
    limit: (count: number) => queryOf<R>(table, { ...plan, limit: countOf(table, 'limit', count) }),
    offset: (count: number) => queryOf<R>(table, { ...plan, offset: countOf(table, 'offset', count) }),
    after: (cursor: string) => queryOf<R>(table, { ...plan, after: readCursor(table, plan, cursor) }),
    before: (cursor: string) => queryOf<R>(table, { ...plan, before: readCursor(table, plan, cursor) }),
    cursor: (row: R) => cursorOf(table, plan, row),
  })
}

function countOf(table: Table, what: string, count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw queryError(table, undefined, `${what} is a whole number from 0`)
}

/** The order of conditions does not change what is asked. */
function keyOf({ table, tests, order, after, before, offset, limit }: QueryPlan): string {
  return JSON.stringify([table, tests.map(testKey).sort(), order, limit, offset, after, before])
}

function testKey(test: Test): string {
  if (test.op === 'not') return `not ${testKey(test.of)}`
  if (test.op === 'and' || test.op === 'or') return `${test.op} [${test.of.map(testKey).sort().join()}]`
  return JSON.stringify(test, replaceInfinity)
}

/** Infinity, which JSON lacks, is a legal operand. */
function replaceInfinity(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value
}
