import type { StandardSchemaV1 } from '@standard-schema/spec'
import { isJsonObject, type Json } from '../wire/json.ts'
import { runColumnSchema } from './column-schema.ts'
import { schemaError } from './config-error.ts'
import type { ValueType } from './definition.ts'
import { tryEncode } from './encode.ts'
import { isMimePattern } from './mime.ts'
import type { BlobColumn, Column, RefColumn, Replica, ValueColumn } from './schema.ts'
import { parseSize } from './size.ts'

export type TableIds = ReadonlyMap<string, 'uuid' | 'string'>

/** Where a column stands: its name, its path in the configuration, and the tables that it may refer to. */
export interface ColumnPlace {
  readonly name: string
  readonly option: string
  readonly tables: TableIds
}

type Options = { readonly [key: string]: unknown }

const VALUE_TYPES: ReadonlySet<unknown> = new Set<ValueType>(['uuid', 'string', 'datetime', 'number', 'integer', 'boolean', 'json'])

export function parseColumn(place: ColumnPlace, definition: unknown): Column {
  if (isValueType(definition)) return parseValue(place, {}, definition)
  if (!isJsonObject(definition)) throw schemaError(place.option, 'is neither a column type nor an object with one')
  const options: Options = definition
  if (options.type === 'ref') return parseRef(place, options)
  if (options.type === 'blob') return parseBlob(place, options)
  if (isValueType(options.type)) return parseValue(place, options, options.type)
  throw schemaError(place.option, 'has an unknown type')
}

function parseValue(place: ColumnPlace, options: Options, type: ValueType): ValueColumn {
  allowOnly(place, options, ['type', 'optional', 'default', 'schema'])
  const schema = parseSchemaOf(place, options.schema)
  const column = { name: place.name, type, optional: parseOptional(place, options), constant: undefined, produce: undefined, schema }
  const given = options.default
  if (given === undefined) return column
  if (typeof given === 'function') return { ...column, produce: given as () => unknown }
  return { ...column, constant: parseConstant(place, column, given) }
}

function parseConstant(place: ColumnPlace, column: ValueColumn, given: unknown): Json {
  const option = `${place.option}.default`
  const checked = column.schema === undefined ? { value: given } : runColumnSchema(column.schema, given)
  if ('problems' in checked) throw schemaError(option, 'is refused by the schema of the column')
  const encoded = tryEncode(column, checked.value)
  if ('problem' in encoded || encoded.value === null) throw schemaError(option, `is no value of type ${column.type}`)
  return encoded.value
}

/** Some libraries make their schemas functions. */
function parseSchemaOf(place: ColumnPlace, given: unknown): StandardSchemaV1 | undefined {
  if (given === undefined) return undefined
  const isHolder = (typeof given === 'object' && given !== null) || typeof given === 'function'
  const standard = isHolder ? (given as { readonly '~standard'?: Partial<StandardSchemaV1.Props> })['~standard'] : undefined
  if (standard?.version === 1 && typeof standard.validate === 'function') return given as StandardSchemaV1
  throw schemaError(`${place.option}.schema`, 'does not have the Standard Schema interface')
}

function parseRef(place: ColumnPlace, options: Options): RefColumn {
  allowOnly(place, options, ['type', 'table', 'optional'])
  const { table } = options
  const idType = typeof table === 'string' ? place.tables.get(table) : undefined
  if (typeof table !== 'string' || idType === undefined) throw schemaError(`${place.option}.table`, 'is not a table of this schema')
  return { name: place.name, type: 'ref', table, idType, optional: parseOptional(place, options) }
}

function parseBlob(place: ColumnPlace, options: Options): BlobColumn {
  allowOnly(place, options, ['type', 'mimeTypes', 'maxSize', 'replica', 'as', 'optional'])
  const mimeTypes = parseMimeTypes(place, options.mimeTypes)
  const maxSizeBytes = parseMaxSize(place, options.maxSize)
  const replica = parseReplica(place, options)
  return { name: place.name, type: 'blob', mimeTypes, maxSizeBytes, replica, holdsHash: holdsHash(place, options), optional: parseOptional(place, options) }
}

function parseMimeTypes(place: ColumnPlace, given: unknown): readonly string[] | undefined {
  if (given === undefined) return undefined
  const option = `${place.option}.mimeTypes`
  if (!Array.isArray(given) || given.length === 0) throw schemaError(option, 'is not a list of MIME types')
  given.forEach((pattern: unknown, at) => {
    if (typeof pattern !== 'string' || !isMimePattern(pattern)) throw schemaError(`${option}[${at}]`, "is not like 'image/*' or 'image/png'")
  })
  return [...given] as string[]
}

function parseMaxSize(place: ColumnPlace, given: unknown): number | undefined {
  if (given === undefined) return undefined
  const option = `${place.option}.maxSize`
  if (typeof given !== 'number' && typeof given !== 'string') throw schemaError(option, 'is not a size')
  return parseSize(given, option)
}

function parseReplica(place: ColumnPlace, { replica = 'on-demand' }: Options): Replica {
  if (replica === 'on-demand' || replica === 'pinned' || replica === 'all') return replica
  throw schemaError(`${place.option}.replica`, "is none of 'on-demand', 'pinned' and 'all'")
}

function holdsHash(place: ColumnPlace, { as = 'ref' }: Options): boolean {
  if (as === 'ref' || as === 'hash') return as === 'hash'
  throw schemaError(`${place.option}.as`, "is neither 'ref' nor 'hash'")
}

function parseOptional(place: ColumnPlace, { optional = false }: Options): boolean {
  if (typeof optional !== 'boolean') throw schemaError(`${place.option}.optional`, 'is not a boolean')
  return optional
}

function allowOnly(place: ColumnPlace, options: Options, keys: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw schemaError(`${place.option}.${unknown}`, 'is not an option of this column')
}

function isValueType(value: unknown): value is ValueType {
  return VALUE_TYPES.has(value)
}
