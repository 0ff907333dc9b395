import type { ColumnType, TableShape } from '@bse/core/provider'
import { isBlobHash, parseBlobRef } from '@bse/core/wire'

const MAX_DEPTH = 100

/** Why a value cannot stand in this column; `undefined` when it can. It may come from a hostile device: nothing is assumed. */
export function cellProblem(column: TableShape['columns'][number], value: unknown): string | undefined {
  if (value === null) return column.optional ? undefined : 'is null'
  return FITS[column.type](value) ? undefined : `is no ${column.type}`
}

const FITS: { readonly [Type in ColumnType]: (value: unknown) => boolean } = {
  uuid: isText,
  string: isText,
  ref: isText,
  datetime: (value) => isText(value) && !Number.isNaN(Date.parse(value)),
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === 'boolean',
  json: (value) => isJson(value, 0),
  blob: (value) => isBlobHash(value) || (isJson(value, 0) && parseBlobRef(value) !== undefined),
}

/** A lone surrogate cannot be stored: the encoding of Yjs would turn it into another character without a word. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}

/** Y types, bytes, bigints, `undefined` and objects with a foreign prototype are no JSON. */
function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1))
  return isPlain(value) && Object.entries(value).every(([key, item]) => isText(key) && key !== '__proto__' && isJson(item, depth + 1))
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
