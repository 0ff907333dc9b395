import { BseError, isBseError } from '../errors.ts'

/** A row that a write is about, and what the write first does to it. */
export interface ChainedRow {
  readonly key: string
  readonly kind: 'insert' | 'update' | 'upsert' | 'delete'
}

/** One write of a row on its way to its commit. */
interface ChainedWrite {
  /** Takes the write back, while it has not been committed. A batch is not taken back for the sake of one row. */
  readonly abort: AbortController | undefined
  readonly kind: ChainedRow['kind']
  readonly committed: Promise<unknown>
  /** The row's insert was found to have failed: known once `committed` has rejected. */
  isWithoutRow: boolean
}

/**
 * Writes of one row commit in the order of their calls, within this tab: an update that is called before its insert resolved
 * must not overtake it. Over tabs the commit itself is the order.
 */
export class RowChain {
  readonly #last: Map<string, ChainedWrite> = new Map()

  /**
   * Runs `commit` after the writes of these rows that were called before, and after those of the rows that it refers to (by key):
   * behind them in the queue, it is sent behind them. A failed insert fails what built on it. All rows take their places at once,
   * so two writes cannot wait for each other. `abort` is that of a single write: it may be taken back.
   */
  run<T>(rows: readonly ChainedRow[], abort: AbortController | undefined, commit: () => Promise<T>, refersTo: readonly string[] = []): Promise<T> {
    const begin = Promise.withResolvers<void>()
    const committed = begin.promise.then(commit)
    const own = new Set(rows.map(({ key }) => key))
    // Looked up before the rows take their places: a write waits only for what was called before it.
    const named = refersTo.flatMap((key) => (own.has(key) ? [] : this.#last.get(key) ?? [])).map((other) => this.#afterNamed(other))
    const waiting = rows.map(async ({ key, kind }) => {
      const entry: ChainedWrite = { abort, kind, committed, isWithoutRow: false }
      const before = this.#last.get(key)
      this.#last.set(key, entry)
      const forget = (): void => {
        if (this.#last.get(key) === entry) this.#last.delete(key)
      }
      committed.then(forget, forget)
      await this.#after(before, entry)
    })
    // Also when one of them has failed: what follows must find all that was called before it done.
    void Promise.allSettled([...waiting, ...named]).then((outcomes) => {
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed === undefined) begin.resolve()
      else begin.reject(failed.reason)
    })
    return committed
  }

  /** True while a write of this row has not been committed. */
  isBusy(key: string): boolean {
    return this.#last.has(key)
  }

  async #after(before: ChainedWrite | undefined, entry: ChainedWrite): Promise<void> {
    if (before === undefined) return
    const isLoneDelete = entry.kind === 'delete' && entry.abort !== undefined
    // Deleting what is not even stored yet takes it back instead of finishing it first.
    if (isLoneDelete && before.kind === 'insert') before.abort?.abort(takenBack())
    try {
      await before.committed
    } catch (cause) {
      if (before.kind !== 'insert' && !before.isWithoutRow) return
      entry.isWithoutRow = true
      // Among other writes, the deletion of a row that never came to be is no reason to fail them.
      if (entry.kind === 'delete' && !isLoneDelete) return
      throw new BseError('DEPENDENCY_FAILED', 'core.write: the insert of this row failed', { mutationId: undefined }, { cause })
    }
  }

  async #afterNamed(other: ChainedWrite): Promise<void> {
    try {
      await other.committed
    } catch (cause) {
      if (other.kind !== 'insert' && !other.isWithoutRow) return
      throw new BseError('DEPENDENCY_FAILED', 'core.write: the insert of a row that this one refers to failed', { mutationId: undefined }, { cause })
    }
  }
}

function takenBack(): BseError {
  return new BseError('DISCARDED', 'core.insert: the row was deleted before it was stored', { mutationId: '' })
}

/** Whether a delete found that the insert before it never happened: then there is nothing left to delete. */
export function insertNeverHappened(error: unknown): boolean {
  return isBseError(error) && error.code === 'DEPENDENCY_FAILED'
}
