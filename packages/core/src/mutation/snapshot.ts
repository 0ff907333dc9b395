import type { RowChange } from '../provider/data-provider.ts'
import type { RowWire } from '../wire/mutation-wire.ts'

/** A row to be written, or `undefined` to be removed. */
export interface RowWrite {
  readonly table: string
  readonly rowId: string
  readonly row: RowWire | undefined
}

/** What is known of the rows before: the engine's base rows. */
export interface BaseRows {
  get(table: string, rowId: string): RowWire | undefined
  ids(table: string): Iterable<string>
}

/**
 * A table that is being sent anew. Its rows gather here while the old ones stay visible and stored; at the end only the
 * difference is written, in one commit. A crash in between loses nothing but the gathering.
 */
export class TableSnapshot {
  readonly #rows: Map<string, RowWire> = new Map()
  readonly table: string

  constructor(table: string) {
    this.table = table
  }

  take(change: RowChange): void {
    const before = this.#rows.get(change.rowId)
    if (change.kind === 'delete') this.#rows.delete(change.rowId)
    else if (change.kind === 'put') this.#rows.set(change.rowId, change.row)
    else if (before !== undefined) this.#rows.set(change.rowId, { ...before, ...change.columns })
  }

  difference(base: BaseRows): readonly RowWrite[] {
    const writes: RowWrite[] = []
    for (const [rowId, row] of this.#rows) {
      if (!sameJson(base.get(this.table, rowId), row)) writes.push({ table: this.table, rowId, row })
    }
    for (const rowId of base.ids(this.table)) {
      if (!this.#rows.has(rowId) && base.get(this.table, rowId) !== undefined) writes.push({ table: this.table, rowId, row: undefined })
    }
    return writes
  }
}

/** Equal as JSON values; the order of keys does not matter. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false
  const left = Object.entries(a)
  return left.length === Object.keys(b).length && left.every(([key, value]) => Object.hasOwn(b, key) && sameJson(value, (b as Record<string, unknown>)[key]))
}
