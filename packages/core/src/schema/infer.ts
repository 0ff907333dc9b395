import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { BlobRef } from '../wire/blob-ref.ts'
import type { SchemaDefinition, ValueType, ValueTypes } from './definition.ts'
import type { PrototypeName, ReservedTableName } from './names.ts'

/** What an app may hand to a blob column. */
export type BlobInput = File | Blob | BlobRef | BlobHash

export type TableNamesOf<S> = keyof S & string

type TypeOf<C> = C extends ValueType ? C : C extends { readonly type: infer T } ? T : never
type BlobType<C> = C extends { readonly as: 'hash' } ? BlobHash : BlobRef
type PlainType<C> = TypeOf<C> extends ValueType ? ValueTypes[TypeOf<C>] : TypeOf<C> extends 'blob' ? BlobType<C> : string
/** A column that is left out or null never reaches its schema. */
type InputOf<V extends StandardSchemaV1> = NonNullable<StandardSchemaV1.InferInput<V>>
/** A column with a schema of its own reads as the schema's output and takes the schema's input. */
type ReadType<C> = C extends { readonly schema: infer V extends StandardSchemaV1 } ? StandardSchemaV1.InferOutput<V> : PlainType<C>
type WriteType<C> = C extends { readonly schema: infer V extends StandardSchemaV1 }
  ? InputOf<V>
  : TypeOf<C> extends 'blob' ? BlobInput : PlainType<C>
/** `boolean`, as opposed to the literal `false`, may be true: such a column reads as nullable. */
type IsOptional<C> = C extends { readonly optional: infer O } ? (true extends O ? true : false) : false
type OrNull<C, V> = IsOptional<C> extends true ? V | null : V
type MayBeLeftOut<C> = IsOptional<C> extends true ? true : C extends { readonly default: unknown } ? true : false
type LeftOutOf<D> = { [C in keyof D]: C extends 'id' ? C : MayBeLeftOut<D[C]> extends true ? C : never }[keyof D]
type Flat<T> = { [K in keyof T]: T[K] }

/**
 * A row as reads give it: `Date` for datetime, `BlobRef` for blob, the id for ref, `null` where an optional column is empty. A
 * column with a schema of its own has the type of the schema's output.
 */
export type RowOf<S extends SchemaDefinition, T extends TableNamesOf<S>> = {
  readonly [C in keyof S[T]]: OrNull<S[T][C], ReadType<S[T][C]>>
}

/** What `insert` takes: `id`, optional columns and columns with a default may be left out; a column's schema is given its input. */
export type InsertOf<S extends SchemaDefinition, T extends TableNamesOf<S>> = Flat<
  { readonly [C in Exclude<keyof S[T], LeftOutOf<S[T]>>]: OrNull<S[T][C], WriteType<S[T][C]>> } & {
    readonly [C in LeftOutOf<S[T]>]?: OrNull<S[T][C], WriteType<S[T][C]>> | undefined
  }
>

/** What `update` takes: any columns but `id`; `null` empties an optional one. */
export type UpdateOf<S extends SchemaDefinition, T extends TableNamesOf<S>> = {
  readonly [C in Exclude<keyof S[T], 'id'>]?: OrNull<S[T][C], WriteType<S[T][C]>> | undefined
}

export type BlobColumnsOf<S extends SchemaDefinition, T extends TableNamesOf<S>> = {
  [C in keyof S[T]]: TypeOf<S[T][C]> extends 'blob' ? C : never
}[keyof S[T]] &
  string

interface ColumnKeys {
  ref: 'type' | 'table' | 'optional'
  blob: 'type' | 'mimeTypes' | 'maxSize' | 'replica' | 'as' | 'optional'
  value: 'type' | 'optional' | 'default' | 'schema'
}
type KeysFor<C> = TypeOf<C> extends 'ref' ? ColumnKeys['ref'] : TypeOf<C> extends 'blob' ? ColumnKeys['blob'] : ColumnKeys['value']
/** A default goes through the column's schema like any other value. What a function gives is widened too far to be told here. */
type DefaultFor<C> = C extends { readonly schema: infer V extends StandardSchemaV1 } ? InputOf<V> | (() => unknown) : unknown
type CheckOption<S, C, K> = K extends 'table' ? TableNamesOf<S> : K extends 'default' ? DefaultFor<C> : unknown
type CheckColumn<S, C> = C extends string ? unknown : { readonly [K in keyof C]: K extends KeysFor<C> ? CheckOption<S, C, K> : never }
type CheckTable<S, D> = {
  readonly [C in keyof D]: C extends PrototypeName ? `A column cannot be called ${C}: every object has a member of this name` : CheckColumn<S, D[C]>
}

/**
 * Turns mistakes that the constraint cannot see into compile errors: reserved names, a `ref` to a table that is not
 * there, a misspelt option. Use as `schema: S & CheckSchema<S>` where `S` is a const type parameter.
 */
export type CheckSchema<S> = {
  readonly [T in keyof S]: T extends ReservedTableName ? `A table cannot be called ${T}: the engine has a member of this name` : CheckTable<S, S[T]>
}
