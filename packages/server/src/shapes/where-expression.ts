import { quoteName, quoteText } from './database.ts'
import type { SqlType } from './sql-types.ts'
import { isValueOf } from './sql-types.ts'

/** A part of a condition that has passed: its type, and SQL that we wrote from what was understood. None of it is the caller's own text. */
export interface Expression {
  readonly type: SqlType
  readonly sql: string
  readonly location: number
  /** The text of a literal or parameter whose type is not decided yet. */
  readonly literal?: string | null
  readonly isParameter?: boolean
  /** An array or a row that a cast or an operator may not take apart. */
  readonly isRow?: boolean
}

/** A fault of a condition, at a place of its text where it has one. */
export class ConditionFault extends Error {
  readonly location: number | undefined

  constructor(message: string, location?: number) {
    super(message)
    this.location = location
  }
}

export function typed(type: SqlType, text: string, isParameter = false): string {
  const name = typeSql(type)
  // Two forms of one value, so that a shape with a parameter is not taken for one with a literal.
  return isParameter ? `CAST(${quoteText(text)} AS ${name})` : `${quoteText(text)}::${name}`
}

export function typeSql(type: SqlType): string {
  return type.endsWith('[]') ? `pg_catalog.${quoteName(type.slice(0, -2))}[]` : `pg_catalog.${quoteName(type)}`
}

/** The expression as a value of `type`; only what has no type yet is changed. */
export function resolved(expression: Expression, type: SqlType, enums: ReadonlySet<string>): Expression {
  if (expression.type !== 'unknown') return expression
  const { isParameter = false, literal = null, location } = expression
  if (literal === null) return { type, sql: `NULL::${typeSql(type)}`, location }
  if (enums.has(type)) throw new ConditionFault(`invalid syntax for type enum ${type}: ${literal}`, location)
  if (!isValueOf(type, literal)) throw new ConditionFault(`invalid syntax for type ${type}: ${literal}`, location)
  return { type, sql: typed(type, literal, isParameter), location }
}
