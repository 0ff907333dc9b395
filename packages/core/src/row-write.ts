import { BseError } from './errors.ts'
import type { WriteRequest } from './mutation/writer.ts'
import type { Table, ValidatedWrite } from './schema/index.ts'
import type { RowWire } from './wire/mutation-wire.ts'

const NOTHING: ValidatedWrite = { id: undefined, values: {}, blobs: [] }

/** `seen` is the row as the person saw it when they wrote. */
export function rowWrite(table: Table, kind: WriteRequest['kind'], rowId: string, seen: RowWire | undefined, valid: ValidatedWrite = NOTHING): WriteRequest {
  return { kind, table: table.name, rowId, values: valid.values, blobs: valid.blobs, seen }
}

export function changesNothing({ values, blobs }: ValidatedWrite): boolean {
  return Object.keys(values).length + blobs.length === 0
}

/** The id that an input names, whatever the input is. */
export function idIn(input: unknown): string | undefined {
  const id = typeof input === 'object' && input !== null ? (input as { readonly id?: unknown }).id : undefined
  return typeof id === 'string' ? id : undefined
}

/** Everything of an input but its id. */
export function changesIn(input: unknown): Record<string, unknown> {
  const { id: _, ...changes } = input as Record<string, unknown>
  return changes
}

export function rowExists(table: Table): BseError {
  const message = 'a row with this id exists already'
  return new BseError('VALIDATION_FAILED', `core.${table.name}.insert: ${message}`, { issues: [{ column: 'id', rule: 'custom', message }] })
}

export function noSuchRow(table: Table, id: string): BseError {
  return new BseError('NOT_FOUND', `core.${table.name}.update: no such row`, { what: 'row', id })
}
