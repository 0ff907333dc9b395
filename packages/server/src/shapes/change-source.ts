import type { Queryable } from './database.ts'

/** One row that one statement wrote, as text of the whole row. */
export interface RowChange {
  readonly kind: 'insert' | 'update' | 'delete' | 'truncate'
  /** The table that was written: of a partitioned table, the partition. */
  readonly relation: number
  /** The columns that the table had at that moment, in the order of the texts. */
  readonly columns: readonly string[]
  readonly before: string | null
  readonly after: string | null
  /** Its place among all changes of the transaction, from 0. */
  readonly position: number
}

export interface Transaction {
  /** The top-level transaction id, 64 bits as a decimal. */
  readonly xid: string
  /** In the order in which the statements wrote. */
  readonly changes: readonly RowChange[]
}

/**
 * What committed on the watched tables, each transaction once and whole, none skipped: also not one that began to write earlier than others
 * and committed later.
 */
export interface ChangeSource {
  /** Prepares the database. Safe to repeat. */
  prepare(): Promise<void>
  /** From now on changes of the table arrive. Waits for transactions that are writing to it. */
  watch(rootOid: number): Promise<void>
  /**
   * Takes what has committed and was not taken before, in an order in which a transaction comes after all that it saw. The taking is part of
   * the given transaction: rolled back, the same comes again.
   */
  take(on: Queryable): Promise<readonly Transaction[] | 'too many'>
  /** Whether there is nothing to take. */
  isEmpty(on: Queryable): Promise<boolean>
  /** Drops what waits. */
  skip(on: Queryable): Promise<void>
  /** Calls `wake` soon after each commit that left something to take. */
  subscribe(wake: () => void): Promise<void>
}
