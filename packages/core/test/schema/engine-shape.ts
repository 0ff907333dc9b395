import type {
  BlobColumnsOf, CheckSchema, InsertOf, RowOf, SchemaDefinition, TableNamesOf, UpdateOf,
} from '../../src/schema/index.ts'
import type { Condition, Query } from '../../src/store/index.ts'

/** The part of the engine's types that follows from a schema; never run. */
export interface CollectionShape<S extends SchemaDefinition, T extends TableNamesOf<S>> {
  insert(row: InsertOf<S, T>): void
  update(id: string, changes: UpdateOf<S, T>): void
  where(conditions: Condition<RowOf<S, T>>): Query<RowOf<S, T>>
  blobUrl(column: BlobColumnsOf<S, T>): string
}

export declare function createSyncEngine<const S extends SchemaDefinition>(options: { readonly schema: S & CheckSchema<S> }): {
  readonly [T in TableNamesOf<S>]: CollectionShape<S, T>
}

export declare function useRows<R>(query: Query<R>): readonly R[]

export { and, not, or } from '../../src/store/index.ts'
