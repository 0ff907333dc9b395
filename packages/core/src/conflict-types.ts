import type { RowOf, SchemaDefinition, TableNamesOf, UpdateOf } from './schema/index.ts'
import type { BlobRef } from './wire/blob-ref.ts'

/** One side of a blob column in a conflict. */
export interface ConflictBlob {
  readonly ref: BlobRef
  /** One that an `<img>` of this page loads; a placeholder where nobody has the bytes. Good for at least as long as the handler works. */
  readonly url: string
}

/** Both sides of a blob column; `null` where a side has none. */
export interface ConflictBlobs {
  readonly local: ConflictBlob | null
  readonly remote: ConflictBlob | null
}

/** A write that met other values at the server than the person saw, in the words of its table. */
export type Conflict<S extends SchemaDefinition> = {
  readonly [T in TableNamesOf<S>]: {
    /** The id of the write, as in `offline.pending()`. */
    readonly id: string
    readonly table: T
    readonly rowId: string
    readonly kind: 'insert' | 'update' | 'upsert' | 'delete'
    /** The written columns as the person saw them before; `null` when there was no row. */
    readonly base: Partial<RowOf<S, T>> | null
    /** The written columns as the person wants them; empty for a deletion. */
    readonly local: Partial<RowOf<S, T>>
    /** The row as the server has it; `null` when it has none. */
    readonly remote: Partial<RowOf<S, T>> | null
    /** By blob column of the write. */
    readonly blobs: { readonly [column: string]: ConflictBlobs }
  }
}[TableNamesOf<S>]

/**
 * `local` puts the person's values over the server's, `remote` takes the write back, an object is written instead (columns as
 * `update` takes them, blobs as references). `undefined` leaves it open, for `offline.retry` or `offline.discard`.
 */
export type ConflictAnswer<S extends SchemaDefinition> = 'local' | 'remote' | { [T in TableNamesOf<S>]: UpdateOf<S, T> }[TableNamesOf<S>] | undefined

export interface ConflictOptions<S extends SchemaDefinition> {
  /**
   * Decides a conflict, with `offline.conflictResolution: 'manual'`. Asked in one tab at a time, whichever has a handler, and again in the
   * next when that tab dies. When it throws, the conflict stays open and `syncError` tells.
   */
  onConflict?(conflict: Conflict<S>): Promise<ConflictAnswer<S>>
}
