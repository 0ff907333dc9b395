import { BseError } from '../errors.ts'
import type { Column, Table } from '../schema/index.ts'
import { partsOf, type CombinationParts } from './condition.ts'
import type { Scalar, Test } from './plan.ts'

const ORDERED = ['gt', 'gte', 'lt', 'lte'] as const

/** The tests that a condition stands for: all of them must hold. */
export function testsOf(table: Table, condition: unknown): readonly Test[] {
  if (typeof condition !== 'object' || condition === null) throw queryError(table, undefined, 'a condition is an object')
  const parts = partsOf(condition)
  if (parts !== undefined) return combined(table, parts)
  return Object.entries(condition).flatMap(([column, wanted]) => testsOfColumn(table, column, wanted))
}

/** Nothing to combine would select either everything or nothing, and nobody would expect the one or the other. */
function combined(table: Table, { op, of }: CombinationParts): readonly Test[] {
  const parts = of.map((condition) => testsOf(table, condition))
  if (parts.length === 0 || parts.some((tests) => tests.length === 0)) throw queryError(table, undefined, `\`${op}\` of no condition`)
  if (op === 'and') return parts.flat()
  const tests = parts.map(allOf)
  if (op === 'not') return tests.map((test) => (test.op === 'not' ? test.of : { op, of: test }))
  const alternatives = tests.flatMap((test) => (test.op === 'or' ? test.of : [test]))
  return alternatives.length === 1 ? alternatives : [{ op, of: alternatives }]
}

function allOf(tests: readonly Test[]): Test {
  const [only] = tests
  return tests.length === 1 && only !== undefined ? only : { op: 'and', of: tests }
}

function testsOfColumn(table: Table, name: string, condition: unknown): readonly Test[] {
  const column = columnOf(table, name)
  if (!isComparison(condition)) return [{ column: name, op: 'eq', value: operandOf(table, column, condition) }]
  const tests = Object.entries(condition).map(([op, operand]) => testOf(table, column, op, operand))
  if (tests.length === 0) throw queryError(table, name, 'a comparison without an operator')
  return tests
}

/** @throws BseError `QUERY_INVALID` when the table has no such column. */
export function columnOf(table: Table, name: string): Column {
  const column = table.columns.get(name)
  if (column === undefined) throw queryError(table, name, 'no such column')
  return column
}

export function isSortable(column: Column): boolean {
  return column.type !== 'json' && column.type !== 'blob'
}

export function queryError(table: Table, column: string | undefined, problem: string): BseError {
  return new BseError('QUERY_INVALID', `store.query: ${table.name}: ${problem}`, { table: table.name, column })
}

function testOf(table: Table, column: Column, op: string, operand: unknown): Test {
  if (op === 'in') {
    if (!Array.isArray(operand)) throw queryError(table, column.name, '`in` takes a list')
    return { column: column.name, op, values: operand.map((value: unknown) => operandOf(table, column, value)) }
  }
  const value = operandOf(table, column, operand)
  if (op === 'ne') return { column: column.name, op, value }
  const ordered = ORDERED.find((known) => known === op)
  if (ordered === undefined) throw queryError(table, column.name, 'unknown operator')
  if (value === null) throw queryError(table, column.name, `nothing is ordered before or after null`)
  return { column: column.name, op: ordered, value }
}

/** @throws BseError `QUERY_INVALID` for a value of another type than the column's. */
export function operandOf(table: Table, column: Column, value: unknown): Scalar {
  if (value === null) return null
  const scalar = ofType(column, value)
  if (scalar === undefined) throw queryError(table, column.name, `not a value to compare a column of type ${column.type} with`)
  return scalar
}

function ofType(column: Column, value: unknown): Scalar | undefined {
  switch (column.type) {
    case 'uuid':
    case 'string':
    case 'ref':
      return typeof value === 'string' ? value : undefined
    case 'number':
    case 'integer':
      return typeof value === 'number' && !Number.isNaN(value) ? value + 0 : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'datetime':
      return isDate(value) && !Number.isNaN(Number(value)) ? Number(value) : undefined
    case 'json':
    case 'blob':
      return undefined
  }
}

function isComparison(condition: unknown): condition is object {
  return typeof condition === 'object' && condition !== null && !isDate(condition) && !Array.isArray(condition)
}

/** Also for a `Date` of another realm. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]'
}
