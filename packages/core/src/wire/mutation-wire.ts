import type { JsonObject } from './json.ts'

/** UUIDv7. Servers apply each id once; its time part lets them tell ids that are older than they remember. */
export type MutationId = string

/** A row as it crosses the wire: column name to JSON value. Dates are ISO 8601 strings in UTC, blobs are `BlobRef`s. */
export type RowWire = JsonObject

/** One change of one row. `previous` has the values that the person saw, for each column in `values` (null for an insert). */
export interface MutationOp {
  readonly kind: 'insert' | 'update' | 'upsert' | 'delete'
  readonly table: string
  readonly rowId: string
  readonly values: RowWire
  readonly previous: RowWire | null
}

/** What is applied together or not at all. */
export interface MutationWire {
  readonly id: MutationId
  readonly ops: readonly MutationOp[]
}
