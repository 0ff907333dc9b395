import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { SchemaOutput, ValueType, ValueTypes } from './schema/index.ts'

/** What any plain column takes. */
export interface ValueOptions<T extends ValueType> {
  readonly optional?: boolean
  /** A value, or a function called once for each new row that leaves the column out. */
  readonly default?: ValueTypes[T] | (() => ValueTypes[T])
  readonly schema?: StandardSchemaV1<unknown, SchemaOutput<T>>
}

export interface BlobOptions {
  /** Exact types or `image/*`. Left out: any. */
  readonly mimeTypes?: readonly string[]
  /** Bytes, or a decimal string such as `'25MB'`; inclusive. Default 10,000,000. */
  readonly maxSize?: number | string
  /** What a device keeps of them. Default `all`. */
  readonly replica?: 'on-demand' | 'pinned' | 'all'
  readonly optional?: boolean
}

type Nothing = Record<never, never>
type Column<T extends string, O> = { readonly type: T } & O

/** What a blob column of a workspace takes at most when it does not say: ten million bytes. */
export const WORKSPACE_MAX_BLOB_BYTES = 10_000_000

/** The column every table has: a text that names the row. */
export function id(): 'string' {
  return 'string'
}

export function text<const O extends ValueOptions<'string'> = Nothing>(options?: O): Column<'string', O> {
  return column('string', options)
}

export function number<const O extends ValueOptions<'number'> = Nothing>(options?: O): Column<'number', O> {
  return column('number', options)
}

export function boolean<const O extends ValueOptions<'boolean'> = Nothing>(options?: O): Column<'boolean', O> {
  return column('boolean', options)
}

/** A `Date`, to the millisecond. */
export function date<const O extends ValueOptions<'datetime'> = Nothing>(options?: O): Column<'datetime', O> {
  return column('datetime', options)
}

export function json<const O extends ValueOptions<'json'> = Nothing>(options?: O): Column<'json', O> {
  return column('json', options)
}

/** The id of a row in another table, or in the same one. */
export function ref<const T extends string, const O extends { readonly optional?: boolean } = Nothing>(table: T, options?: O): Column<'ref', { readonly table: T } & O> {
  return column('ref', { ...options, table } as { readonly table: T } & O)
}

/** A blob, named in the row by its bare hash. */
export function blob<const O extends BlobOptions = Nothing>(options?: O): Column<'blob', { readonly as: 'hash' } & O> {
  return column('blob', { maxSize: WORKSPACE_MAX_BLOB_BYTES, replica: 'all', ...options, as: 'hash' } as unknown as { readonly as: 'hash' } & O)
}

function column<T extends string, O>(type: T, options: O | undefined): Column<T, O> {
  return { ...options, type } as Column<T, O>
}
