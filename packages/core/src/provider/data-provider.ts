import type { BlobHash } from '../wire/blob-hash.ts'
import type { Json } from '../wire/json.ts'
import type { MutationId, MutationWire, RowWire } from '../wire/mutation-wire.ts'
import type { ProviderContext } from './context.ts'
import type { StateEntry, StateOp } from './state-store.ts'

export type ColumnType = 'uuid' | 'string' | 'datetime' | 'number' | 'integer' | 'boolean' | 'json' | 'ref' | 'blob'

/** A table as a provider needs to know it. */
export interface TableShape {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: ColumnType; readonly optional: boolean }[]
}

/**
 * A part of the engine's StateStore that belongs to the provider. Writes are refused with `LOST_LEASE` once another tab
 * leads, so a frozen tab that wakes up cannot write over its successor.
 */
export interface DataStorage {
  get(keys: readonly string[]): Promise<readonly unknown[]>
  /** Every entry whose key begins with `prefix`, in key order. */
  list(prefix: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<readonly StateEntry[]>
  /** All of it or none; resolves once it survives a crash (`strict`) or the operating system has it (`relaxed`). */
  write(ops: readonly StateOp[], options: { readonly durability: 'strict' | 'relaxed' }): Promise<void>
}

export interface DataContext extends ProviderContext {
  readonly tables: readonly TableShape[]
  readonly storage: DataStorage
  /** Rejects with `LOST_LEASE` when another tab leads by now. Await it right before an effect that no server would fence. */
  assertLease(): Promise<void>
  /**
   * Tells what the provider learns of its server beside batches and outcomes: `true` when it answers (a refusal is an answer),
   * `false` when it fell silent. Uploads that wait for time to pass try at once when a silence ends.
   */
  reachable(isReachable: boolean): void
}

export type RowChange =
  | { readonly kind: 'put'; readonly table: string; readonly rowId: string; readonly row: RowWire }
  /** Changes nothing when the row is not there: half a row looks like a whole one. */
  | { readonly kind: 'patch'; readonly table: string; readonly rowId: string; readonly columns: RowWire }
  | { readonly kind: 'delete'; readonly table: string; readonly rowId: string }

/**
 * `contained`: the rows include it by now. `confirmed`: a server has it for good. `rejected`: the server took it back.
 * Said of every applied mutation, also of one that changes nothing: once in a session, no earlier than its rows are shown, and
 * again in a later session while `awaiting` names it.
 */
export interface Settlement {
  readonly id: MutationId
  readonly as: 'contained' | 'confirmed' | 'rejected'
  readonly reason?: string
}

/**
 * Rows, cursor and settlements of a batch are committed together, before the next batch is asked for; while a table is being
 * replaced, cursor and settlements wait for its end. docs/spec/data-provider.md has the rules of both sides.
 */
export interface ChangeBatch {
  /** In their order. In a batch with `begin` they belong to the new snapshot already, in one with `end` still. */
  readonly changes: readonly RowChange[]
  /**
   * A new snapshot of a table: rows of the old one stay visible until `end`, then go unless they were put since `begin`. Begin
   * only what can be brought to its end: until then nothing is settled, for no table, and a restart goes back to the cursor before.
   */
  readonly replace?: { readonly table: string; readonly phase: 'begin' | 'end' }
  /** Where to go on after a restart; `undefined` leaves it as it is. Each one is stored: send none that says the same again. */
  readonly cursor: Json | undefined
  readonly settled: readonly Settlement[]
  /** Nothing more is known to be waiting on the other side. */
  readonly upToDate: boolean
}

export type PushOutcome = { readonly id: MutationId } & (
  | { readonly is: 'applied'; readonly token: Json; readonly durable: 'server' | 'replica' }
  /**
   * Nothing was applied: a row has other values by now than the mutation's `previous`. `at` is the op it is about, 0 when left out;
   * `current` the whole row, `null` when there is none. The same id may come again, with `previous` as it is then.
   */
  | { readonly is: 'conflict'; readonly current: RowWire | null; readonly at?: number }
  | { readonly is: 'needs-blobs'; readonly hashes: readonly BlobHash[] }
  /** The mutation itself is at fault. */
  | { readonly is: 'rejected'; readonly code: string }
  | { readonly is: 'retry'; readonly afterMs?: number }
)

export interface DataConnection {
  /**
   * Batches for ever, from `cursor`, until aborted (ends without a throw). `cursor` is the last that was stored, maybe by another
   * provider or an older version of this one: what is not understood counts as none, and all tables are replaced then.
   *
   * `awaiting` gives the applied mutations that no batch has settled for good, with the token their push was answered with; it
   * may lag a moment behind. A mutation may be settled before core has seen the answer to its push.
   *
   * @throws BseError `NETWORK` and the like when the stream breaks: core opens it again from the last stored cursor, with backoff,
   * not before the time that a `RATE_LIMITED` asks for.
   */
  changes(options: {
    readonly cursor: Json | undefined
    readonly awaiting: () => ReadonlyMap<MutationId, Json>
    readonly signal: AbortSignal
  }): AsyncIterable<ChangeBatch>
  /**
   * One outcome for each mutation, in order. The order given is the order to apply. A throw means: nothing is known, try again;
   * an id that was applied already is answered `applied` and not applied again, also after a restart and after an abort.
   *
   * @throws BseError `CLOSED` after `close`; the signal's reason when aborted.
   */
  push(mutations: readonly MutationWire[], options: { readonly signal: AbortSignal }): Promise<readonly PushOutcome[]>
  /** Ends the changes. Calling it twice is fine. */
  close(): Promise<void>
}

export interface DataProviderCapabilities {
  /** Whether the other side compares previous values (`reported`) or merges by itself. */
  readonly conflicts: 'reported' | 'merged'
  /** What `applied` means: a server has it, or a replica on this device has it and tells of the server by `confirmed`. */
  readonly acknowledges: 'server' | 'replica'
  /** `snapshot`: every session opens with `replace` of all tables; the cursor is not used. */
  readonly startsWith: 'cursor' | 'snapshot'
}

/** The app's own sync of rows. The seam that `@bse/data-*` packages implement. Only the leading tab connects. */
export interface DataProvider {
  readonly name: string
  readonly capabilities: DataProviderCapabilities
  /** Resolves without a network too: what needs one waits, or rejects with `NETWORK` when it is asked for. */
  connect(context: DataContext): Promise<DataConnection>
}
