import type { Column } from './catalog.ts'
import { quoteName } from './database.ts'
import { parseSelect, type SyntaxNode } from './sql-parser.ts'
import { areAlike, elementOf, isArray, isCastTarget, isInteger, isText, isValueOf, type SqlType } from './sql-types.ts'
import { ConditionFault, resolved, typeSql, typed, type Expression } from './where-expression.ts'
import { binary, noOverload, quantified, unary } from './where-operators.ts'

export interface WhereScope {
  /** What the condition may name. */
  readonly columns: readonly Column[]
  /** Values of `$1`, `$2` and so on. */
  readonly parameters: readonly string[]
}

const WHERE_PREFIX = 'SELECT 1 WHERE '
const MAX_DEPTH = 100

/**
 * Understands a condition and writes it anew. What Postgres gets is our text: operators of `pg_catalog`, columns that exist, values in quotes. Two
 * conditions that differ in spelling alone come out the same. `undefined` for an empty one.
 *
 * @throws ConditionFault for all that is not on the list.
 */
export async function understoodCondition(text: string, scope: WhereScope): Promise<string | undefined> {
  if (text.trim() === '') return undefined
  const select = await parseSelect(WHERE_PREFIX + text, ['whereClause'])
  const result = new Walk(scope, WHERE_PREFIX.length).expression(select['whereClause'], 0)
  if (result.type !== 'bool') throw new ConditionFault('WHERE clause must return a boolean')
  return result.sql
}

const TESTS: Readonly<Record<string, string>> = {
  IS_TRUE: 'TRUE', IS_NOT_TRUE: 'NOT TRUE', IS_FALSE: 'FALSE', IS_NOT_FALSE: 'NOT FALSE', IS_UNKNOWN: 'UNKNOWN', IS_NOT_UNKNOWN: 'NOT UNKNOWN',
}
const TYPE_ALIASES: Readonly<Record<string, SqlType>> = { int: 'int4', integer: 'int4', bigint: 'int8', smallint: 'int2', boolean: 'bool', decimal: 'numeric', real: 'float4' }
const AGGREGATES = new Set(['count', 'sum', 'avg', 'min', 'max', 'array_agg', 'string_agg', 'bool_and', 'bool_or', 'every'])

class Walk {
  readonly #scope: WhereScope
  readonly #columns: ReadonlyMap<string, Column>
  readonly #enums: ReadonlySet<string>
  readonly #prefixLength: number

  constructor(scope: WhereScope, prefixLength: number) {
    this.#scope = scope
    this.#columns = new Map(scope.columns.map((column) => [column.name, column]))
    this.#enums = new Set(scope.columns.filter(({ isEnum }) => isEnum).map(({ type }) => type))
    this.#prefixLength = prefixLength
  }

  expression(node: unknown, depth: number): Expression {
    const [kind = '', fields = {}] = Object.entries((node ?? {}) as Readonly<Record<string, SyntaxNode>>)[0] ?? []
    if (depth > MAX_DEPTH) throw new ConditionFault('the condition is nested too deeply', this.#at(fields))
    const next = (child: unknown): Expression => this.expression(child, depth + 1)
    switch (kind) {
      case 'ColumnRef': return this.#column(fields)
      case 'A_Const': return this.#constant(fields)
      case 'ParamRef': return this.#parameter(fields)
      case 'TypeCast': return this.#cast(fields, next)
      case 'BoolExpr': return this.#logic(fields, next)
      case 'NullTest': return this.#nullTest(fields, next)
      case 'BooleanTest': return this.#booleanTest(fields, next)
      case 'A_Expr': return this.#operation(fields, next)
      case 'FuncCall': return this.#call(fields, next)
      case 'CoalesceExpr': return this.#coalesce(fields, next)
      case 'A_ArrayExpr': return this.#array(fields, next)
      case 'A_Indirection': return this.#subscript(fields, next)
      case 'RowExpr': return { type: 'record', sql: '', location: this.#at(fields), isRow: true }
      case 'SubLink': return this.#subquery(fields)
      default: throw new ConditionFault(`${kind} is not supported in this context`, this.#at(fields))
    }
  }

  /** Counted from where the caller's text begins. A location of 0 is left out by the parser. */
  #at(fields: SyntaxNode): number {
    return Number(fields['location'] ?? 0) - this.#prefixLength
  }

  #column(fields: SyntaxNode): Expression {
    const names = listOf(fields['fields']).map(nameOf)
    const column = names.length === 1 ? this.#columns.get(names[0] ?? '') : undefined
    const location = this.#at(fields)
    if (column === undefined) throw new ConditionFault(`unknown reference ${names.join('.')}`, location)
    return { type: column.dimensions > 0 ? `${column.type}[]` : column.type, sql: quoteName(column.name), location }
  }

  #constant(fields: SyntaxNode): Expression {
    const location = this.#at(fields)
    if (fields['boolval'] !== undefined) return { type: 'bool', sql: (fields['boolval'] as { boolval?: boolean }).boolval === true ? 'TRUE' : 'FALSE', location }
    if (fields['isnull'] === true) return { type: 'unknown', sql: 'NULL', location, literal: null }
    // Bare, so that it is not taken for a text that was given as a number.
    if (fields['ival'] !== undefined) return { type: 'int4', sql: `(${(fields['ival'] as { ival?: number }).ival ?? 0})`, location }
    if (fields['fval'] !== undefined) return numberConstant((fields['fval'] as { fval: string }).fval, location)
    if (fields['sval'] !== undefined) return { type: 'unknown', sql: '', location, literal: (fields['sval'] as { sval?: string }).sval ?? '' }
    throw new ConditionFault('A_Const is not supported in this context', location)
  }

  #parameter(fields: SyntaxNode): Expression {
    const number = Number(fields['number'] ?? 0)
    const value = this.#scope.parameters[number - 1]
    const location = this.#at(fields)
    if (value === undefined) throw new ConditionFault(`parameter $${number} was not provided`, location)
    return { type: 'unknown', sql: '', location, literal: value, isParameter: true }
  }

  #cast(fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const value = next(fields['arg'])
    const target = this.#targetOf(fields['typeName'] as SyntaxNode)
    if (value.type !== 'unknown') {
      if (value.isRow === true) throw noOverload(value.location)
      return { type: target, sql: `(${value.sql})::${typeSql(target)}`, location: value.location }
    }
    const { literal = null } = value
    if (literal !== null && !isValueOf(target, literal)) throw new ConditionFault(`could not cast value "${literal}" from text to ${target}`, value.location)
    const plain = resolved(value, target, this.#enums)
    return { ...plain, sql: `(${plain.sql})::${typeSql(target)}` }
  }

  #targetOf(typeName: SyntaxNode): SqlType {
    const names = listOf(typeName['names']).map(nameOf)
    const written = names.length === 2 && names[0] === 'pg_catalog' ? (names[1] ?? '') : names.join('.')
    const base = TYPE_ALIASES[written] ?? written
    const type = listOf(typeName['arrayBounds']).length > 0 ? `${base}[]` : base
    if (!isCastTarget(type) || listOf(typeName['typmods']).length > 0) throw new ConditionFault(`unsupported type ${written}`, this.#at(typeName))
    return type
  }

  #logic(fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const location = this.#at(fields)
    const parts = listOf(fields['args']).map((node) => resolved(next(node), 'bool', this.#enums))
    for (const part of parts) if (part.type !== 'bool') throw noOverload(part.location)
    const sql = fields['boolop'] === 'NOT_EXPR' ? `(NOT ${parts[0]?.sql ?? ''})` : `(${parts.map((part) => part.sql).join(fields['boolop'] === 'OR_EXPR' ? ' OR ' : ' AND ')})`
    return { type: 'bool', sql, location }
  }

  #nullTest(fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const value = resolved(next(fields['arg']), 'text', this.#enums)
    if (value.isRow === true) throw noOverload(value.location)
    return { type: 'bool', sql: `(${value.sql} IS ${fields['nulltesttype'] === 'IS_NOT_NULL' ? 'NOT NULL' : 'NULL'})`, location: value.location }
  }

  #booleanTest(fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const value = resolved(next(fields['arg']), 'bool', this.#enums)
    if (value.type !== 'bool') throw noOverload(this.#at(fields))
    return { type: 'bool', sql: `(${value.sql} IS ${TESTS[String(fields['booltesttype'])] ?? 'TRUE'})`, location: value.location }
  }

  #operation(fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const location = this.#at(fields)
    const name = listOf(fields['name']).map(nameOf).join('.')
    switch (fields['kind']) {
      case 'AEXPR_OP': return this.#operator(name, fields, next)
      case 'AEXPR_LIKE':
      case 'AEXPR_ILIKE': return binary(name, next(fields['lexpr']), next(fields['rexpr']), location, this.#enums)
      case 'AEXPR_OP_ANY': return quantified(name, 'ANY', next(fields['lexpr']), next(fields['rexpr']), location, this.#enums)
      case 'AEXPR_OP_ALL': return quantified(name, 'ALL', next(fields['lexpr']), next(fields['rexpr']), location, this.#enums)
      case 'AEXPR_IN': return this.#isIn(name, fields, next)
      case 'AEXPR_DISTINCT': return this.#distinct(fields, next, 'IS DISTINCT FROM')
      case 'AEXPR_NOT_DISTINCT': return this.#distinct(fields, next, 'IS NOT DISTINCT FROM')
      case 'AEXPR_BETWEEN':
      case 'AEXPR_NOT_BETWEEN':
      case 'AEXPR_BETWEEN_SYM':
      case 'AEXPR_NOT_BETWEEN_SYM': return this.#between(name, fields, next)
      case 'AEXPR_SIMILAR': throw new ConditionFault('unknown or unsupported function similar_to_escape/1', location)
      default: throw new ConditionFault(`${String(fields['kind'])} is not supported in this context`, location)
    }
  }

  #operator(name: string, fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const location = this.#at(fields)
    if (fields['lexpr'] === undefined) return unary(name, next(fields['rexpr']), location, this.#enums)
    return binary(name, next(fields['lexpr']), next(fields['rexpr']), location, this.#enums)
  }

  #isIn(name: string, fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const location = this.#at(fields)
    const left = next(fields['lexpr'])
    const items = listOf((fields['rexpr'] as { List?: SyntaxNode }).List?.['items'])
    const tests = items.map((item) => binary('=', left, next(item), location, this.#enums).sql)
    return { type: 'bool', sql: `(${name === '<>' ? 'NOT ' : ''}(${tests.join(' OR ')}))`, location }
  }

  #distinct(fields: SyntaxNode, next: (node: unknown) => Expression, words: string): Expression {
    const [left, right] = [next(fields['lexpr']), next(fields['rexpr'])]
    const location = this.#at(fields)
    binary('=', left, right, location, this.#enums)
    const known = left.type === 'unknown' ? right.type : left.type
    const type = known === 'unknown' ? 'text' : known
    return { type: 'bool', sql: `(${resolved(left, type, this.#enums).sql} ${words} ${resolved(right, type, this.#enums).sql})`, location }
  }

  #between(name: string, fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const location = this.#at(fields)
    const value = next(fields['lexpr'])
    const [from, to] = listOf((fields['rexpr'] as { List?: SyntaxNode }).List?.['items']).map(next)
    if (from === undefined || to === undefined) throw noOverload(location)
    const within = (low: Expression, high: Expression): string =>
      `(${binary('>=', value, low, location, this.#enums).sql} AND ${binary('<=', value, high, location, this.#enums).sql})`
    const sql = name.endsWith('SYMMETRIC') ? `(${within(from, to)} OR ${within(to, from)})` : within(from, to)
    return { type: 'bool', sql: name.startsWith('NOT') ? `(NOT ${sql})` : sql, location }
  }

  #call(fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const location = this.#at(fields)
    const names = listOf(fields['funcname']).map(nameOf).filter((name, index) => !(index === 0 && name === 'pg_catalog'))
    const name = names.join('.')
    const nodes = listOf(fields['args'])
    if (AGGREGATES.has(name) || fields['agg_star'] === true) throw new ConditionFault('aggregation is not supported in this context', location)
    const isPlain = Object.keys(fields).every((key) => ['funcname', 'args', 'funcformat', 'location'].includes(key))
    if ((name !== 'lower' && name !== 'upper') || nodes.length !== 1 || !isPlain) {
      throw new ConditionFault(`unknown or unsupported function ${name}/${nodes.length}`, location)
    }
    const argument = resolved(next(nodes[0]), 'text', this.#enums)
    if (!isText(argument.type)) throw new ConditionFault(`Could not select a function overload for ${name}/1`, location)
    return { type: 'text', sql: `pg_catalog.${name}(${argument.sql})`, location }
  }

  #coalesce(fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const { list, type } = this.#alike(listOf(fields['args']).map(next), this.#at(fields))
    return { type, sql: `COALESCE(${list.join(', ')})`, location: this.#at(fields) }
  }

  #array(fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const { list, type } = this.#alike(listOf(fields['elements']).map(next), this.#at(fields))
    return { type: `${type}[]`, sql: `ARRAY[${list.join(', ')}]`, location: this.#at(fields) }
  }

  /** Several expressions that must have one type. */
  #alike(parts: readonly Expression[], location: number): { readonly list: readonly string[]; readonly type: SqlType } {
    const type = parts.find((part) => part.type !== 'unknown')?.type ?? 'text'
    const list = parts.map((part) => resolved(part, type, this.#enums))
    for (const part of list) if (part.isRow === true || !areAlike(part.type, type)) throw noOverload(location)
    return { list: list.map((part) => part.sql), type }
  }

  #subscript(fields: SyntaxNode, next: (node: unknown) => Expression): Expression {
    const array = next(fields['arg'])
    const steps = listOf(fields['indirection'])
    const indices = (steps[0] as { A_Indices?: SyntaxNode } | undefined)?.A_Indices
    if (!isArray(array.type) || steps.length !== 1 || indices === undefined || indices['is_slice'] === true) {
      throw new ConditionFault('A_Indirection is not supported in this context', array.location)
    }
    const index = resolved(next(indices['uidx']), 'int4', this.#enums)
    if (!isInteger(index.type)) throw noOverload(index.location)
    return { type: elementOf(array.type), sql: `(${array.sql})[${index.sql}]`, location: array.location }
  }

  #subquery(fields: SyntaxNode): never {
    const select = (fields['subselect'] as { SelectStmt?: SyntaxNode }).SelectStmt
    const [kind, target] = Object.entries((listOf(select?.['targetList'])[0] as { ResTarget?: { val?: Record<string, SyntaxNode> } } | undefined)?.ResTarget?.val ?? {})[0] ?? []
    if (kind !== 'ColumnRef') throw new ConditionFault('Expected a plain column reference', Number(target?.['location'] ?? 0))
    throw new ConditionFault('subqueries are not supported by this endpoint', this.#at(fields))
  }
}

function numberConstant(text: string, location: number): Expression {
  const isWhole = /^-?\d+$/.test(text) && isValueOf('int8', text)
  return { type: isWhole ? 'int8' : 'numeric', sql: typed(isWhole ? 'int8' : 'numeric', text), location }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function nameOf(node: unknown): string {
  return (node as { String?: { sval?: string } }).String?.sval ?? '*'
}
