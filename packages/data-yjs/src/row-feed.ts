import type { ChangeBatch, RowChange } from '@bse/core/provider'
import type { MutationId } from '@bse/core/wire'
import { DirtyRows } from './dirty-rows.ts'
import { Settler } from './settler.ts'
import type { YjsSync } from './sync.ts'
import type { TableIndex } from './table-index.ts'

const PAGE_ROWS = 500

/** One session of changes: the whole document first, then what changes. */
export class RowFeed {
  readonly #tables: TableIndex
  readonly #sync: YjsSync | undefined
  readonly #settler = new Settler()
  readonly #dirty: DirtyRows
  readonly #unsubscribe: () => void
  #stirred = true
  #wake: () => void = () => undefined
  #failure: { readonly error: unknown } | undefined

  constructor(tables: TableIndex, sync: YjsSync | undefined) {
    this.#tables = tables
    this.#sync = sync
    this.#dirty = new DirtyRows(tables, () => this.stir())
    this.#unsubscribe = sync?.subscribe(() => this.stir()) ?? (() => undefined)
  }

  pushed(ids: Iterable<MutationId>): void {
    for (const id of ids) this.#settler.pushed(id)
    this.stir()
  }

  /** The session ends with this error, after what can still be told. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.stir()
  }

  stir(): void {
    this.#stirred = true
    this.#wake()
  }

  *snapshot(): Generator<ChangeBatch> {
    for (const { name } of this.#tables.tables) {
      yield batch([], { replace: { table: name, phase: 'begin' } })
      const rowIds = this.#tables.rowIds(name)
      for (let at = 0; at < rowIds.length; at += PAGE_ROWS) yield batch(this.#page(name, rowIds.slice(at, at + PAGE_ROWS)))
      yield batch([], { replace: { table: name, phase: 'end' } })
    }
  }

  /** Batches for ever, until aborted or failed. */
  async *live(awaiting: () => ReadonlyMap<MutationId, unknown>, signal: AbortSignal): AsyncGenerator<ChangeBatch> {
    const onAbort = (): void => this.stir()
    signal.addEventListener('abort', onAbort)
    let wasUpToDate = false
    try {
      while (!signal.aborted) {
        this.#stirred = false
        const next = this.#next(awaiting())
        if (next.changes.length > 0 || next.settled.length > 0 || next.upToDate !== wasUpToDate) yield next
        wasUpToDate = next.upToDate
        if (!this.#dirty.isEmpty) continue
        if (this.#failure !== undefined) throw this.#failure.error
        await this.#untilStirred(signal)
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  close(): void {
    this.#unsubscribe()
    this.#dirty.close()
  }

  /** Settles only with the last page: a mutation is contained when all of its rows are. */
  #next(awaiting: ReadonlyMap<MutationId, unknown>): ChangeBatch {
    const changes = this.#dirty.take(PAGE_ROWS)
    if (!this.#dirty.isEmpty) return batch(changes)
    const state = this.#sync?.state
    const upToDate = state?.link !== 'online' || state.synced
    return batch(changes, { settled: this.#settler.settle(awaiting, state?.serverHasAll === true), upToDate })
  }

  #page(table: string, rowIds: readonly string[]): readonly RowChange[] {
    return rowIds.flatMap((rowId): readonly RowChange[] => {
      const row = this.#tables.row(table, rowId)
      return row === undefined ? [] : [{ kind: 'put', table, rowId, row }]
    })
  }

  async #untilStirred(signal: AbortSignal): Promise<void> {
    if (this.#stirred || signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

function batch(changes: readonly RowChange[], rest: Partial<ChangeBatch> = {}): ChangeBatch {
  return { changes, cursor: undefined, settled: [], upToDate: false, ...rest }
}
