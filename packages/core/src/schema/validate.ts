import { BseError, type ValidationIssue } from '../errors.ts'
import type { BlobRef } from '../wire/blob-ref.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { Json } from '../wire/json.ts'
import type { ProvisionalHash } from './blob-value.ts'
import { runColumnSchema } from './column-schema.ts'
import { encodeId, tryEncode } from './encode.ts'
import { isPrototypeName } from './names.ts'
import type { Column, Table } from './schema.ts'
import { readBlobInput } from './validate-blob.ts'

/** Bytes that a write brings along. */
export interface BlobWrite {
  readonly column: string
  readonly blob: Blob
  /** MIME type; empty when the platform did not know. */
  readonly type: string
  /** File name without a path; `undefined` for a `Blob` that is no `File`. */
  readonly name: string | undefined
  /** Its cell holds the bare hash. */
  readonly asHash: boolean
}

/** A write that fits its table, copied out of the caller's hands. */
export interface ValidatedWrite {
  /** As given to an insert; `undefined` when the engine is to make one, and for updates. */
  readonly id: string | undefined
  /** Encoded for the wire, without `id` and without the columns in `blobs`. */
  readonly values: Readonly<Record<string, Json>>
  readonly blobs: readonly BlobWrite[]
}

export interface ValidateOptions {
  /** Finds the reference for a bare hash, whose size and type a row must name. Without it bare hashes are refused. */
  readonly resolveRef?: (hash: BlobHash | ProvisionalHash) => BlobRef | undefined
}

interface Draft {
  readonly values: { [column: string]: Json }
  readonly blobs: BlobWrite[]
  readonly issues: ValidationIssue[]
  readonly options: ValidateOptions
}

/**
 * A whole row. Columns left out take their default; optional ones stay out.
 *
 * @throws BseError `VALIDATION_FAILED` with every issue of the input, before anything is read or stored.
 */
export function validateInsert(table: Table, input: unknown, options: ValidateOptions = {}): ValidatedWrite {
  const draft: Draft = { values: {}, blobs: [], issues: [], options }
  const given = ownValues(table, input, draft)
  const id = given.get('id')
  for (const column of table.columns.values()) {
    if (column.name !== 'id') insertColumn(column, given.get(column.name), draft)
  }
  if (id !== undefined) checkId(table, id, draft)
  return finish('validateInsert', table, draft, id)
}

/**
 * Some columns of a row; `undefined` leaves a column as it is, `null` empties an optional one.
 *
 * @throws BseError `VALIDATION_FAILED` with every issue of the input, before anything is read or stored.
 */
export function validateUpdate(table: Table, changes: unknown, options: ValidateOptions = {}): ValidatedWrite {
  const draft: Draft = { values: {}, blobs: [], issues: [], options }
  for (const [name, value] of ownValues(table, changes, draft)) {
    const column = table.columns.get(name)
    if (name === 'id') report(draft, name, 'reserved', 'cannot be changed')
    else if (column !== undefined) writeColumn(column, value, draft)
  }
  return finish('validateUpdate', table, draft, undefined)
}

/** Own properties that are columns and not `undefined`; the others are reported. Each is read once. */
function ownValues(table: Table, input: unknown, draft: Draft): ReadonlyMap<string, unknown> {
  const given: Map<string, unknown> = new Map()
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    report(draft, '', 'type', 'is not an object with columns')
    return given
  }
  for (const [name, value] of Object.entries(input)) {
    if (isPrototypeName(name)) report(draft, name, 'reserved', 'is a reserved name')
    else if (!table.columns.has(name)) report(draft, name, 'unknown-column', `is not a column of ${table.name}`)
    else if (value !== undefined) given.set(name, value)
  }
  return given
}

function insertColumn(column: Column, given: unknown, draft: Draft): void {
  const value = given === undefined && 'produce' in column ? column.produce?.() : given
  if (value !== undefined) writeColumn(column, value, draft)
  else if ('constant' in column && column.constant !== undefined) draft.values[column.name] = column.constant
  else if (!column.optional) report(draft, column.name, 'required', 'is required')
}

function writeColumn(column: Column, value: unknown, draft: Draft): void {
  if (value === null) {
    if (column.optional) draft.values[column.name] = null
    else report(draft, column.name, 'required', 'is required')
    return
  }
  if (column.type === 'blob') {
    const input = readBlobInput(column, value, draft.options.resolveRef)
    draft.issues.push(...input.issues)
    if (input.write !== undefined) draft.blobs.push(input.write)
    if (input.cell !== undefined) draft.values[column.name] = input.cell
    return
  }
  const checked = 'schema' in column && column.schema !== undefined ? runColumnSchema(column.schema, value) : { value }
  if ('problems' in checked) {
    for (const problem of checked.problems) report(draft, column.name, 'custom', problem)
    return
  }
  const encoded = tryEncode(column, checked.value)
  if ('problem' in encoded) report(draft, column.name, 'type', encoded.problem)
  else if (encoded.value === null) report(draft, column.name, 'required', 'is required')
  else draft.values[column.name] = encoded.value
}

function checkId(table: Table, id: unknown, draft: Draft): void {
  const encoded = encodeId(table.idType, id)
  if ('problem' in encoded) report(draft, 'id', 'type', encoded.problem)
}

function report(draft: Draft, column: string, rule: ValidationIssue['rule'], message: string): void {
  draft.issues.push({ column, rule, message })
}

function finish(operation: string, table: Table, { values, blobs, issues }: Draft, id: unknown): ValidatedWrite {
  if (issues.length === 0) return { id: typeof id === 'string' ? id : undefined, values, blobs }
  // Names that are not in the schema are the user's data: they are in `details` only.
  const where = issues.map(({ column, rule }) => (table.columns.has(column) ? `${column} (${rule})` : rule))
  throw new BseError('VALIDATION_FAILED', `schema.${operation}: ${table.name}: ${where.slice(0, 10).join(', ')}`, { issues })
}
