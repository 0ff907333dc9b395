import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Json } from '../wire/json.ts'

/** What a reader gets for each plain column type. `datetime` is a JavaScript `Date`, to the millisecond. */
export interface ValueTypes {
  uuid: string
  string: string
  datetime: Date
  number: number
  integer: number
  boolean: boolean
  json: NonNullable<Json>
}

export type ValueType = keyof ValueTypes

/** JSON as validators describe it: a property may be `undefined`, which a value that is stored may not have. */
type JsonOutput = null | boolean | number | string | readonly JsonOutput[] | { readonly [key: string]: JsonOutput | undefined }

/** What a column's own schema may make of its input: values that the column's type can hold. */
export type SchemaOutput<T extends ValueType> = T extends 'json' ? NonNullable<JsonOutput> : ValueTypes[T]

/**
 * `default` is a value, or a function called once for each insert that leaves the column out. `schema` is any validator with the
 * Standard Schema interface that answers at once; every value that is written goes through it, defaults too, null does not.
 */
export type ValueColumnDefinition = {
  readonly [T in ValueType]: {
    readonly type: T
    readonly optional?: boolean
    readonly default?: ValueTypes[T] | (() => ValueTypes[T])
    readonly schema?: StandardSchemaV1<unknown, SchemaOutput<T>>
  }
}[ValueType]

/** The id of a row in another table (or in the same one). A write waits until the row it names was sent. */
export interface RefColumnDefinition {
  readonly type: 'ref'
  readonly table: string
  readonly optional?: boolean
}

/**
 * Bytes. `mimeTypes` are exact types or `image/*`; `maxSize` is bytes or a decimal string such as `'10MB'`, inclusive. `replica` says what a
 * device keeps of them: `on-demand`, the default, what was used lately; `pinned`, all that was ever used, whatever the cache's limit says; `all`,
 * everything that rows name, fetched in the background and whatever the limit says.
 * `as` says what a row holds: `ref`, the default, a reference with size and type; `hash`, the bare `sha256:` text.
 */
export interface BlobColumnDefinition {
  readonly type: 'blob'
  readonly mimeTypes?: readonly string[]
  readonly maxSize?: number | string
  readonly replica?: 'on-demand' | 'pinned' | 'all'
  readonly as?: 'ref' | 'hash'
  readonly optional?: boolean
}

export type ColumnDefinition = ValueType | ValueColumnDefinition | RefColumnDefinition | BlobColumnDefinition

export interface TableDefinition {
  readonly id: 'uuid' | 'string'
  readonly [column: string]: ColumnDefinition
}

/** Table name to column name to column. Written as a plain literal; names and types are inferred from it. */
export interface SchemaDefinition {
  readonly [table: string]: TableDefinition
}
