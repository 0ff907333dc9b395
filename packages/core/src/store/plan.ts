import type { CellValue, Row } from '../schema/index.ts'
import type { Direction } from './query-types.ts'

/** A cell as it is compared: dates are milliseconds since 1970. */
export type Scalar = string | number | boolean | null

export type CellTest =
  | { readonly column: string; readonly op: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'; readonly value: Scalar }
  | { readonly column: string; readonly op: 'in'; readonly values: readonly Scalar[] }

export type Test = CellTest | { readonly op: 'and' | 'or'; readonly of: readonly Test[] } | { readonly op: 'not'; readonly of: Test }

/** A place in the order of a query, whether a row is there or not. */
export interface Position {
  /** One for each column of the order. */
  readonly values: readonly Scalar[]
  readonly id: string
}

/** What a query asks, as plain data. */
export interface QueryPlan {
  readonly table: string
  readonly tests: readonly Test[]
  readonly order: readonly { readonly column: string; readonly direction: Direction }[]
  /** Only rows behind, and only rows in front of a place; the places themselves are not among them. */
  readonly after: Position | undefined
  readonly before: Position | undefined
  readonly offset: number
  readonly limit: number | undefined
}

export type Matcher = (row: Row) => boolean
export type Comparator = (a: Row, b: Row) => number

export function scalarOf(cell: CellValue | undefined): Scalar {
  if (cell instanceof Date) return cell.getTime()
  // A json or blob cell is only ever tested for null: any value that is not null will do.
  return cell === undefined || cell === null ? null : typeof cell === 'object' ? true : cell
}

/** Whether a row is one of those that offset and limit count. */
export function compileMatcher({ tests, order, after, before }: QueryPlan): Matcher {
  const checks = tests.map(compileTest)
  const compare = compileOrder(order)
  const [first, last] = [after && rowAt(order, after), before && rowAt(order, before)]
  if (first !== undefined) checks.push((row) => compare(row, first) > 0)
  if (last !== undefined) checks.push((row) => compare(row, last) < 0)
  return every(checks)
}

/** A row that only has a place in the order: dates as milliseconds, which compare as dates do. */
function rowAt(order: QueryPlan['order'], { values, id }: Position): Row {
  return { ...Object.fromEntries(order.map(({ column }, index) => [column, values[index] ?? null])), id }
}

function every(checks: readonly Matcher[]): Matcher {
  const [only] = checks
  if (checks.length === 1 && only !== undefined) return only
  return (row) => checks.every((check) => check(row))
}

function compileTest(test: Test): Matcher {
  if ('column' in test) return compileCellTest(test)
  if (test.op === 'not') {
    const holds = compileTest(test.of)
    return (row) => !holds(row)
  }
  const checks = test.of.map(compileTest)
  return test.op === 'and' ? every(checks) : (row) => checks.some((check) => check(row))
}

function compileCellTest(test: CellTest): Matcher {
  const { column } = test
  if (test.op === 'in') {
    const values = new Set(test.values)
    return (row) => values.has(scalarOf(row[column]))
  }
  const { op, value } = test
  if (op === 'eq') return (row) => scalarOf(row[column]) === value
  if (op === 'ne') return (row) => scalarOf(row[column]) !== value
  return (row) => {
    const cell = scalarOf(row[column])
    return cell !== null && HOLDS[op](compareScalars(cell, value))
  }
}

const HOLDS: { readonly [Op in 'gt' | 'gte' | 'lt' | 'lte']: (order: number) => boolean } = {
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
}

/** A total order: equal rows are ordered by id. */
export function compileOrder(order: QueryPlan['order']): Comparator {
  const [first, ...rest] = order
  if (first === undefined) return (a, b) => compareScalars(a.id, b.id)
  const { column } = first
  const sign = first.direction === 'asc' ? 1 : -1
  const next = compileOrder(rest)
  return (a, b) => sign * compareScalars(scalarOf(a[column]), scalarOf(b[column])) || next(a, b)
}

/** Null first, then by value; text by UTF-16 code unit, the same in every locale. Columns hold one type each. */
function compareScalars(a: Scalar, b: Scalar): number {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? -1 : 1
  return a < b ? -1 : 1
}
