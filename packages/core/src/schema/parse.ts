import { schemaError } from './config-error.ts'
import type { SchemaDefinition } from './definition.ts'
import { isLegalName, isPrototypeName, isReservedTableName } from './names.ts'
import { parseColumn, type TableIds } from './parse-column.ts'
import type { BlobColumn, Column, RefColumn, Schema, Table } from './schema.ts'

/**
 * Checks a schema once, when an engine is made.
 *
 * @throws BseError `CONFIG_INVALID` whose `option` names the fault, for example `schema.photos.image`.
 */
export function parseSchema(definition: SchemaDefinition): Schema {
  const tables = entriesOf('schema', definition)
  const ids: Map<string, 'uuid' | 'string'> = new Map()
  for (const [name, columns] of tables) ids.set(name, checkTable(name, columns))
  return { tables: new Map(tables.map(([name, columns]) => [name, parseTable(name, columns, ids)])) }
}

function checkTable(name: string, columns: unknown): 'uuid' | 'string' {
  const option = `schema.${name}`
  if (isReservedTableName(name)) throw schemaError(option, 'is a reserved name')
  if (!isLegalName(name)) throw schemaError(option, 'is not a name: a letter, then letters, digits and _, 63 at most')
  const id = entriesOf(option, columns).find(([column]) => column === 'id')?.[1]
  if (id !== 'uuid' && id !== 'string') throw schemaError(`${option}.id`, "must be 'uuid' or 'string'")
  return id
}

function parseTable(name: string, definition: unknown, ids: TableIds): Table {
  const columns: Map<string, Column> = new Map()
  for (const [column, value] of entriesOf(`schema.${name}`, definition)) {
    const option = `schema.${name}.${column}`
    if (isPrototypeName(column)) throw schemaError(option, 'is a reserved name')
    if (!isLegalName(column)) throw schemaError(option, 'is not a name: a letter, then letters, digits and _, 63 at most')
    columns.set(column, parseColumn({ name: column, option, tables: ids }, value))
  }
  const all = [...columns.values()]
  const blobColumns = all.filter((column): column is BlobColumn => column.type === 'blob')
  const refColumns = all.filter((column): column is RefColumn => column.type === 'ref')
  return { name, idType: ids.get(name) ?? 'uuid', columns, blobColumns, refColumns }
}

function entriesOf(option: string, value: unknown): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw schemaError(option, 'is not an object')
  return Object.entries(value)
}
