import type { ValidationIssue } from '../errors.ts'
import type { Json } from '../wire/json.ts'
import type { RowWire } from '../wire/mutation-wire.ts'
import { hashInCell, readBlobRef } from './blob-value.ts'
import type { ValueType } from './definition.ts'
import { freezeJson } from './freeze-json.ts'
import type { Column, Table } from './schema.ts'

/** What a cell holds in memory: JSON, where a blob is its `BlobRef`, or a `Date`. */
export type CellValue = Json | Date

/** A row as the app sees it. `RowOf` is its precise type. */
export interface Row {
  readonly id: string
  readonly [column: string]: CellValue
}

export interface DecodedRow {
  /** Frozen. `undefined` when a required column has no value that its type allows. */
  readonly row: Row | undefined
  readonly issues: readonly ValidationIssue[]
}

const NO_ISSUES: readonly ValidationIssue[] = []

/**
 * Reads a row of a server, which may be older, newer or wrong. Columns that the schema does not have are dropped. A
 * column without a value takes its constant default, else null. An unusable value reads as null in an optional
 * column and takes a row with a required one out of sight; both are reported. Never throws.
 */
export function decodeRow(table: Table, wire: RowWire, id: Json | undefined = wire.id): DecodedRow {
  const row: { id: string; [column: string]: CellValue } = { id: typeof id === 'string' ? id : '' }
  let issues: ValidationIssue[] | undefined
  let usable = row.id !== ''
  if (!usable) issues = [{ column: 'id', rule: 'type', message: 'is not a text' }]
  for (const column of table.columns.values()) {
    if (column.name === 'id') continue
    const value = decodeCell(column, wire[column.name])
    row[column.name] = value ?? null
    if (value === undefined) (issues ??= []).push(issueOf(column, wire[column.name]))
    if (value === undefined && !column.optional) usable = false
  }
  return { row: usable ? Object.freeze(row) : undefined, issues: issues ?? NO_ISSUES }
}

/** Those cells of a row that are there and that the schema has; what is unusable reads as null. Never throws. */
export function decodeCells(table: Table, wire: RowWire): { readonly [column: string]: CellValue } {
  const given = Object.entries(wire).flatMap(([name, value]): readonly (readonly [string, CellValue])[] => {
    const column = table.columns.get(name)
    return column === undefined ? [] : [[name, decodeCell(column, value) ?? null]]
  })
  return Object.freeze(Object.fromEntries(given))
}

/** `undefined` when the value is unusable. */
function decodeCell(column: Column, given: Json | undefined): CellValue | undefined {
  const wire = given === undefined && 'constant' in column ? column.constant : given
  if (wire === undefined || wire === null) return column.optional ? null : undefined
  if (column.type === 'ref') return typeof wire === 'string' ? wire : undefined
  if (column.type !== 'blob') return DECODERS[column.type](wire)
  if (column.holdsHash) return hashInCell(wire)
  const ref = readBlobRef(wire)
  return ref && freezeJson(ref)
}

const text = (wire: Json): string | undefined => (typeof wire === 'string' ? wire : undefined)

const DECODERS: { readonly [T in ValueType]: (wire: Json) => CellValue | undefined } = {
  uuid: text,
  string: text,
  datetime: (wire) => (typeof wire === 'string' ? readDate(wire) : undefined),
  number: (wire) => (typeof wire === 'number' && Number.isFinite(wire) ? wire : undefined),
  integer: (wire) => (Number.isSafeInteger(wire) ? wire : undefined),
  boolean: (wire) => (typeof wire === 'boolean' ? wire : undefined),
  json: freezeJson,
}

function readDate(wire: string): Date | undefined {
  const date = new Date(wire)
  return Number.isNaN(date.getTime()) ? undefined : date
}

function issueOf(column: Column, wire: Json | undefined): ValidationIssue {
  const isMissing = wire === undefined || wire === null
  if (isMissing) return { column: column.name, rule: 'required', message: 'is required' }
  return { column: column.name, rule: 'type', message: `is not of type ${column.type}` }
}
