/** Keys from `from` (inclusive) to `to` (exclusive), in byte order. */
export interface KeyRange {
  readonly from: string
  readonly to: string
}

/** Values are structured-clonable plain data; `Uint8Array` is allowed. */
export type StateOp =
  | { readonly put: string; readonly value: unknown }
  | { readonly delete: string }
  | { readonly deleteRange: KeyRange }

export interface StateEntry {
  readonly key: string
  /** `undefined` in a change means that the key was deleted. */
  readonly value: unknown
}

/**
 * What changed up to `seq`, as ONE snapshot: every value is the one at `seq`. Ranges were deleted first, then entries hold.
 * `reset` means that the reader is too far behind (or new): read everything, then go on watching from `seq`.
 */
export type StateChange =
  | { readonly seq: number; readonly deletedRanges: readonly KeyRange[]; readonly entries: readonly StateEntry[] }
  | { readonly seq: number; readonly reset: true }

export interface UpdateOptions {
  /**
   * `strict`: the promise resolves after the disk has it (user data). `relaxed`: after the operating system has it;
   * a power cut may take it back, together with every later relaxed one, never an earlier strict one.
   */
  readonly durability: 'strict' | 'relaxed'
}

/** What a decision sees, and what it answers. `get` gives the value of a key named in `read`, `undefined` when absent. */
export type Decide<T> = (get: (key: string) => unknown) => { readonly ops: readonly StateOp[]; readonly result: T }

/**
 * Small durable records under ordered keys: queue, ledger, rows. Every tab writes, so decisions are made inside the transaction.
 *
 * Keys are printable ASCII, 1 to 512 characters; callers escape ids. One update is one crash point: all of its ops or none.
 */
export interface StateStore {
  /** Appears in errors and logs, for example `idb`. */
  readonly name: string
  /** False where a closed page takes everything with it (memory, private browsing). */
  readonly durable: boolean
  /**
   * One exclusive transaction over all tabs. `decide` runs synchronously inside it, sees the decisions committed before it,
   * and may run more than once (a lost connection), so it must be pure. Updates of one tick share a commit.
   *
   * Resolves after the commit with what `decide` gave as `result`. A throwing `decide` rejects with that very error, writes
   * nothing, and does not disturb its neighbours.
   *
   * @throws BseError `STORAGE_FULL` when the quota is spent, `STORAGE_FAILED` for any other fault, `CLOSED` after `close`.
   */
  update<T>(read: readonly string[], decide: Decide<T>, options: UpdateOptions): Promise<T>
  /** The values of these keys in one snapshot, in order; `undefined` for absent ones. */
  get(keys: readonly string[]): Promise<readonly unknown[]>
  /** Pages of entries in key order (default 500 a page). Pages are not one snapshot; `watch` from before closes the gap. */
  read(range: KeyRange, options?: { readonly pageSize?: number; readonly signal?: AbortSignal }): AsyncIterable<readonly StateEntry[]>
  /**
   * Changes after `since`, from any tab, for ever. `undefined` as `since` gives a `reset` with the present `seq` at once.
   * A `since` from before a reload goes on without a `reset`, as long as it is at most `CHANGE_RING_COMMITS` behind.
   * Changes may be coalesced; hints between tabs may be lost and then only delay it. Ends when aborted (no throw) or closed.
   */
  watch(since: number | undefined, options: { readonly signal: AbortSignal }): AsyncIterable<StateChange>
  /** Erases everything of this namespace, in every tab. The store is closed afterwards. */
  destroy(): Promise<void>
  /** Waits for commits under way and releases handles. Calling it twice is fine. */
  close(): Promise<void>
}

/** Opens the store of one namespace (printable ASCII). Two stores of one namespace, in any tabs, share everything. */
export type StateFactory = (namespace: string) => StateStore
