import type { TableShape } from '../provider/data-provider.ts'
import type { Schema } from './schema.ts'

/** The schema as a data provider needs it: names and types, in the order of the definition, `id` included. */
export function tableShapes(schema: Schema): readonly TableShape[] {
  return [...schema.tables.values()].map(({ name, columns }) => ({
    name,
    columns: [...columns.values()].map((column) => ({ name: column.name, type: column.type, optional: column.optional })),
  }))
}
