import type { ColumnType } from '@bse/core/provider'
import type { Json } from '@bse/core/wire'
import { parseArray } from './pg-array.ts'
import { parseMoment } from './pg-moment.ts'

/** What the service says of a column: the name of its Postgres type, and its dimensions when it is an array. */
export interface PgColumn {
  readonly type: string
  readonly dims?: number
}

type Read = (text: string, pg: PgColumn | undefined) => Json | undefined

/**
 * The value of a cell in a column of the schema. Snapshots and the log write booleans differently; both are read. `undefined`: the text is nothing
 * that a column of this type can hold, for example `NaN`, `infinity`, or a whole number beyond 2^53.
 */
export function cellOf(type: ColumnType, pg: PgColumn | undefined, text: string): Json | undefined {
  return READ[type](text, pg)
}

const asText: Read = (text) => text

const READ: { readonly [Type in ColumnType]: Read } = {
  uuid: asText,
  string: asText,
  ref: asText,
  datetime: parseMoment,
  number: finite,
  integer: (text) => (Number.isSafeInteger(Number(text)) && text.trim() !== '' ? Number(text) : undefined),
  boolean: (text) => (TRUE.has(text) ? true : FALSE.has(text) ? false : undefined),
  json: (text, pg) => naturalValue(text, pg),
  // A reference, or the bare hash in a column of text.
  blob: (text, pg) => (isJsonType(pg) || text.startsWith('{') ? parsedJson(text) : text),
}

const TRUE: ReadonlySet<string> = new Set(['true', 't'])
const FALSE: ReadonlySet<string> = new Set(['false', 'f'])
const NUMBERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid'])

/** What a value of any Postgres type is in JSON: numbers that JSON cannot say exactly, and types that it does not have, stay text. */
function naturalValue(text: string, pg: PgColumn | undefined): Json | undefined {
  if (pg === undefined) return parsedJson(text)
  const { dims = 0, type } = pg
  if (dims > 0) return parseArray(text, (item) => itemOf(item, type))
  if (isJsonType(pg)) return parsedJson(text)
  if (type === 'bool') return READ.boolean(text, pg)
  return NUMBERS.has(type) && isExact(text) ? Number(text) : text
}

function itemOf(text: string, type: string): Json {
  const value = naturalValue(text, { type })
  return value === undefined ? text : value
}

/** A float has many texts; a whole number that changes on its way is one that JavaScript cannot hold. */
function isExact(text: string): boolean {
  const value = Number(text)
  return Number.isFinite(value) && (!/^-?\d+$/.test(text) || Number.isSafeInteger(value))
}

function finite(text: string): number | undefined {
  const value = Number(text)
  return text.trim() === '' || !Number.isFinite(value) ? undefined : value
}

function isJsonType(pg: PgColumn | undefined): boolean {
  return pg?.type === 'json' || pg?.type === 'jsonb'
}

function parsedJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    // Not JSON: the caller says so in its own way.
    return undefined
  }
}
