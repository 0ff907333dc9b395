import { isBlobHash, isJsonObject, parseBlobRef, type BlobHash, type Json, type RowWire } from '@bse/core/wire'
import type { WritableColumn, WritableTable } from './tables.ts'

const MOMENTS: ReadonlySet<string> = new Set(['timestamptz', 'timestamp', 'date'])

/** A row as Postgres made JSON of it, as it crosses the wire: names of the schema, moments in UTC to the millisecond. */
export function rowToWire(table: WritableTable, row: Readonly<Record<string, Json>>): RowWire {
  return Object.fromEntries([...table.columns.values()].map((column) => [column.property, cellToWire(column, row[column.column] ?? null)]))
}

/** A moment without a zone is one in UTC, as it was written. What no `Date` can be (infinity, before Christ) reads as null. */
function cellToWire({ sqlType }: WritableColumn, cell: Json): Json {
  if (!MOMENTS.has(sqlType) || typeof cell !== 'string') return cell
  const date = new Date(/^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(cell) ? `${cell}Z` : cell)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

const KINDS: Readonly<Record<string, 'string' | 'number' | 'boolean'>> = {
  text: 'string', varchar: 'string', bpchar: 'string', citext: 'string', uuid: 'string', timestamptz: 'string', timestamp: 'string', date: 'string',
  int2: 'number', int4: 'number', int8: 'number', float4: 'number', float8: 'number', numeric: 'number', bool: 'boolean',
}

/** Whether JSON of this kind may go into the column; what is in it is for Postgres to judge. Else a text column would take an object as its text. */
export function fits({ holds, sqlType }: WritableColumn, value: Json): boolean {
  if (value === null) return true
  if (holds === 'blob') return isBlobHash(value) || parseBlobRef(value) !== undefined
  const kind = KINDS[sqlType]
  return kind === undefined || typeof value === kind
}

/** The bytes that a value of the column names. */
export function hashInCell({ holds }: WritableColumn, cell: Json): BlobHash | undefined {
  if (holds === 'value') return undefined
  const ref = parseBlobRef(cell)
  if (ref !== undefined) return ref.hash
  return holds === 'blob' && isBlobHash(cell) ? cell : undefined
}

/** By value; blobs by what they name. */
export function isSameCell(left: Json, right: Json): boolean {
  const [leftRef, rightRef] = [parseBlobRef(left), parseBlobRef(right)]
  if (leftRef !== undefined && rightRef !== undefined) return leftRef.hash === rightRef.hash
  return isSameJson(left, right)
}

function isSameJson(left: Json, right: Json): boolean {
  if (left === right) return true
  if (Array.isArray(left) && Array.isArray(right)) return isSameList(left as readonly Json[], right as readonly Json[])
  if (!isJsonObject(left) || !isJsonObject(right)) return false
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && isSameJson(left[key] ?? null, right[key] ?? null))
}

function isSameList(left: readonly Json[], right: readonly Json[]): boolean {
  return left.length === right.length && left.every((item, index) => isSameJson(item, right[index] ?? null))
}
