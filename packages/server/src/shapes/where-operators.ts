import { areAlike, elementOf, isArray, isComparable, isInteger, isNumber, isText, widerNumber, type SqlType } from './sql-types.ts'
import { ConditionFault, resolved, type Expression } from './where-expression.ts'

const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>='])
const ARITHMETIC = new Set(['+', '-', '*', '/', '^'])
const BITS = new Set(['&', '|', '#'])
const LIKES = new Set(['~~', '!~~', '~~*', '!~~*'])
const SETS = new Set(['@>', '<@', '&&'])
const MOMENTS = new Set(['date', 'timestamp', 'timestamptz'])

export function binary(name: string, left: Expression, right: Expression, location: number, enums: ReadonlySet<string>): Expression {
  const operator = name === '!=' ? '<>' : name
  if (![COMPARISONS, ARITHMETIC, BITS, LIKES, SETS].some((known) => known.has(operator)) && operator !== '||') {
    throw new ConditionFault(`unknown binary operator "${name}"`, location)
  }
  if (left.isRow === true || right.isRow === true) throw noOverload(location)
  const [one, other] = bothTyped(operator, left, right, { location, enums })
  const type = resultType(operator, one.type, other.type)
  if (type === undefined) throw noOverload(location)
  return { type, sql: `(${one.sql} OPERATOR(pg_catalog.${operator}) ${other.sql})`, location }
}

export function unary(name: string, operand: Expression, location: number, enums: ReadonlySet<string>): Expression {
  if (!['-', '+', '@', '~'].includes(name)) throw new ConditionFault(`unknown unary operator "${name}"`, location)
  const value = operand.type === 'unknown' ? resolved(operand, 'float8', enums) : operand
  if (!isNumber(value.type) || (name === '~' && !isInteger(value.type))) throw noOverload(location)
  return { type: value.type, sql: `(OPERATOR(pg_catalog.${name}) ${value.sql})`, location }
}

/** `left operator ANY (array)`, or ALL. */
export function quantified(name: string, quantifier: 'ANY' | 'ALL', left: Expression, array: Expression, location: number, enums: ReadonlySet<string>): Expression {
  const operator = name === '!=' ? '<>' : name
  if (!COMPARISONS.has(operator) && !LIKES.has(operator)) throw new ConditionFault(`unknown binary operator "${name}"`, location)
  const list = array.type === 'unknown' ? resolved(array, `${left.type === 'unknown' ? 'text' : left.type}[]`, enums) : array
  if (!isArray(list.type)) throw noOverload(location)
  const value = resolved(left, elementOf(list.type), enums)
  if (resultType(operator, value.type, elementOf(list.type)) !== 'bool') throw noOverload(location)
  return { type: 'bool', sql: `(${value.sql} OPERATOR(pg_catalog.${operator}) ${quantifier} (${list.sql}))`, location }
}

export function noOverload(location: number): ConditionFault {
  return new ConditionFault('Could not select an operator overload', location)
}

/** A literal takes the type of the other side; two literals are text. */
function bothTyped(
  operator: string,
  left: Expression,
  right: Expression,
  { location, enums }: { readonly location: number; readonly enums: ReadonlySet<string> },
): readonly [Expression, Expression] {
  const known = left.type === 'unknown' ? right.type : left.type
  const other = operator === '||' && !isArray(known) ? 'text' : known
  const type = other === 'unknown' ? 'text' : other
  if (!isComparable(type) && !enums.has(type) && (left.type === 'unknown' || right.type === 'unknown')) {
    throw noOverload(location)
  }
  return [resolved(left, type, enums), resolved(right, type, enums)]
}

function resultType(operator: string, left: SqlType, right: SqlType): SqlType | undefined {
  if (COMPARISONS.has(operator)) return areAlike(left, right) ? 'bool' : undefined
  if (LIKES.has(operator)) return isText(left) && isText(right) ? 'bool' : undefined
  if (SETS.has(operator)) return isArray(left) && areAlike(left, right) ? 'bool' : undefined
  if (BITS.has(operator)) return isInteger(left) && isInteger(right) ? widerNumber(left, right) : undefined
  if (operator === '||') return concatenated(left, right)
  return isNumber(left) && isNumber(right) ? numberResult(operator, left, right) : momentResult(operator, left, right)
}

function concatenated(left: SqlType, right: SqlType): SqlType | undefined {
  if (isText(left) && isText(right)) return 'text'
  return isArray(left) && left === right ? left : undefined
}

function numberResult(operator: string, left: SqlType, right: SqlType): SqlType {
  const wider = widerNumber(left, right)
  return operator === '^' && wider !== 'numeric' ? 'float8' : wider
}

function momentResult(operator: string, left: SqlType, right: SqlType): SqlType | undefined {
  if (operator !== '+' && operator !== '-') return undefined
  if (MOMENTS.has(left) && right === 'interval') return left === 'date' ? 'timestamp' : left
  if (left === 'interval' && MOMENTS.has(right) && operator === '+') return right === 'date' ? 'timestamp' : right
  return left === 'interval' && right === 'interval' ? 'interval' : undefined
}
