import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Json } from '../wire/json.ts'
import type { ValueType } from './definition.ts'

interface ColumnBase {
  readonly name: string
  readonly optional: boolean
}

export interface ValueColumn extends ColumnBase {
  readonly type: ValueType
  /** A constant default, encoded for the wire. Also read where a row from before the column has nothing. */
  readonly constant: Json | undefined
  /** A default that is made anew for each insert. */
  readonly produce: (() => unknown) | undefined
  /** The column's own validator: what is written goes through it first. */
  readonly schema: StandardSchemaV1 | undefined
}

export interface RefColumn extends ColumnBase {
  readonly type: 'ref'
  readonly table: string
  /** What ids of the other table look like. */
  readonly idType: 'uuid' | 'string'
}

export type Replica = 'on-demand' | 'pinned' | 'all'

export interface BlobColumn extends ColumnBase {
  readonly type: 'blob'
  /** `undefined`: any type. */
  readonly mimeTypes: readonly string[] | undefined
  /** Inclusive. `undefined`: any size. */
  readonly maxSizeBytes: number | undefined
  /** What a device keeps of its blobs: what was used lately, all that was ever used, or all. */
  readonly replica: Replica
  /** Its cells are bare hashes, not references. */
  readonly holdsHash: boolean
}

export type Column = ValueColumn | RefColumn | BlobColumn

export interface Table {
  readonly name: string
  readonly idType: 'uuid' | 'string'
  /** In the order of the definition, `id` included. */
  readonly columns: ReadonlyMap<string, Column>
  readonly blobColumns: readonly BlobColumn[]
  readonly refColumns: readonly RefColumn[]
}

/** A checked schema. */
export interface Schema {
  readonly tables: ReadonlyMap<string, Table>
}
