import type { COMBINATION, CombinationParts } from './condition.ts'

type Comparable = string | number | boolean | Date

/** Operators on one column; all of them must hold. `in` and `ne` take null, the others never match an empty cell. */
export interface Comparison<V> {
  readonly gt?: NonNullable<V>
  readonly gte?: NonNullable<V>
  readonly lt?: NonNullable<V>
  readonly lte?: NonNullable<V>
  readonly ne?: V
  readonly in?: readonly V[]
}

/** A value means equality; `json` and `blob` columns can only be tested for null. */
type CellCondition<V> = [NonNullable<V>] extends [Comparable] ? V | Comparison<V> : Extract<V, null> | { readonly ne: null }

/** Columns and what must hold for each; all must hold. Columns that the type does not know are checked when the query is built. */
export type Where<R> = string extends keyof R
  ? { readonly [column: string]: unknown }
  : { readonly [C in keyof R]?: CellCondition<R[C]> }

declare const ROW: unique symbol

/** What `and`, `or` and `not` give. `R` is the row that it is about: inferred inside of a `where`, named elsewhere, as in `or<Photo>(…)`. */
export interface Combination<R> {
  readonly [COMBINATION]: CombinationParts
  /** Never there; carries the row's type. */
  readonly [ROW]?: R
}

/** What a row must fulfil: columns that must all hold, or a combination of such. */
export type Condition<R> = Where<R> | Combination<R>

/** Columns that have an order. */
export type SortableColumn<R> = string extends keyof R ? string : { [C in keyof R]: [NonNullable<R[C]>] extends [Comparable] ? C : never }[keyof R] & string

export type Direction = 'asc' | 'desc'
