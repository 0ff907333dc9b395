import type { Json } from '../wire/json.ts'
import type { MutationOp, RowWire } from '../wire/mutation-wire.ts'
import { hashesOf, type MutationRecord } from './mutation.ts'

/** What became of the columns of one table. Renames come first, then what is dropped, then what is added. */
export interface TableMigration {
  /** Old name to new name. */
  readonly rename?: { readonly [column: string]: string }
  readonly drop?: readonly string[]
  /** What a row gets that is queued to be made, JSON as on the wire. */
  readonly add?: { readonly [column: string]: Json }
}

/** The step to one version of the schema, from the one before it. */
export interface SchemaMigration {
  readonly to: number
  readonly tables: { readonly [table: string]: TableMigration }
}

/** The write in the words of the latest schema; `steps` in their order. The bytes of a column that was dropped stay claimed until it is done. */
export function migrateRecord(record: MutationRecord, steps: readonly SchemaMigration[], version: number): MutationRecord {
  const from = record.schemaVersion ?? 1
  const ops = steps.filter(({ to }) => to > from).reduce((all: readonly MutationOp[], step) => all.map((op) => migrateOp(op, step)), record.ops)
  const kept = hashesOf(ops)
  const held = [...(record.held ?? []), ...[...hashesOf(record.ops)].filter((hash) => !kept.has(hash))]
  return { ...record, schemaVersion: version, ops, ...(held.length === 0 ? {} : { held }) }
}

function migrateOp(op: MutationOp, { tables }: SchemaMigration): MutationOp {
  const table = tables[op.table]
  if (table === undefined) return op
  const isMade = op.kind === 'insert' || (op.kind === 'upsert' && op.previous === null)
  const values = { ...(isMade ? table.add : {}), ...withoutDropped(renamed(op.values, table), table) }
  return { ...op, values, previous: op.previous === null ? null : withoutDropped(renamed(op.previous, table), table) }
}

/** A row of the server that was stored before its columns were renamed. Doing it twice changes nothing. */
export function migrateRow(row: RowWire, table: string, steps: readonly SchemaMigration[]): RowWire {
  return steps.reduce((all, { tables }) => renamed(all, tables[table]), row)
}

function renamed(row: RowWire, table: TableMigration | undefined): RowWire {
  const names = Object.entries(table?.rename ?? {}).filter(([old, name]) => Object.hasOwn(row, old) && !Object.hasOwn(row, name))
  if (names.length === 0) return row
  const next = new Map(names)
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [next.get(column) ?? column, value]))
}

function withoutDropped(row: RowWire, { drop = [] }: TableMigration): RowWire {
  return drop.length === 0 ? row : Object.fromEntries(Object.entries(row).filter(([column]) => !drop.includes(column)))
}
