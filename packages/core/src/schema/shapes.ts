import type { ColumnType, TableShape } from '../provider/data-provider.ts'
import type { Column, Schema } from './schema.ts'

/** The schema as a data provider needs it: names and types, in the order of the definition, `id` included. */
export function tableShapes(schema: Schema): readonly TableShape[] {
  return [...schema.tables.values()].map(({ name, columns }) => ({
    name,
    columns: [...columns.values()].map((column) => ({ name: column.name, type: typeOf(column), optional: column.optional })),
  }))
}

/** A bare hash is a text like any other to whoever carries rows. */
function typeOf(column: Column): ColumnType {
  return column.type === 'blob' && column.holdsHash ? 'string' : column.type
}
