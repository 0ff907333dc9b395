import type { ValidationIssue } from '../errors.ts'
import { decodeRow, type Row, type Table } from '../schema/index.ts'
import type { RowWire } from '../wire/mutation-wire.ts'
import type { StoreChange, OverlayLayer } from './changes.ts'
import { LiveQueries } from './live-queries.ts'
import type { LiveQuery } from './live-query.ts'
import { References, type RowVersions } from './references.ts'
import { reuseRow } from './reuse-row.ts'
import type { RowChange } from './sorted-window.ts'
import { TableRows } from './table-rows.ts'
import { viewOf } from './view.ts'

/** One table: what the server said, the pending writes over it, and everything that follows from the two. */
export class TableStore {
  readonly rows: TableRows = new TableRows()
  readonly queries: LiveQueries = new LiveQueries(this.rows)
  readonly references: References
  /** What is wrong with the rows that were read, by id. */
  readonly issues: Map<string, readonly ValidationIssue[]> = new Map()
  readonly #table: Table
  readonly #bases: Map<string, RowWire> = new Map()
  readonly #overlays: Map<string, readonly OverlayLayer[]> = new Map()
  /** The rows of the round under way, as they were before it. */
  readonly #touched: Map<string, RowVersions> = new Map()

  constructor(table: Table) {
    this.#table = table
    this.references = new References(table)
  }

  base(id: string): RowWire | undefined {
    return this.#bases.get(id)
  }

  baseIds(): Iterable<string> {
    return this.#bases.keys()
  }

  wire(id: string): RowWire | undefined {
    return viewOf(this.#bases.get(id), this.#overlays.get(id))
  }

  /** Takes a change in; nobody sees it before `settle`. */
  change(change: StoreChange): void {
    const { rowId } = change
    if (!this.#touched.has(rowId)) this.#touched.set(rowId, { base: this.base(rowId), view: this.wire(rowId) })
    if (change.is === 'base') setOrDelete(this.#bases, rowId, change.row)
    else setOrDelete(this.#overlays, rowId, change.layers.length === 0 ? undefined : change.layers)
  }

  /** Ends the round; gives the live queries whose rows are not the same any more. */
  settle(): readonly LiveQuery[] {
    const changes: RowChange[] = []
    for (const [id, versions] of this.#touched) {
      const change = this.#settleRow(id, versions)
      if (change.before !== change.after) changes.push(change)
    }
    this.#touched.clear()
    return changes.length === 0 ? [] : this.queries.apply(changes)
  }

  #settleRow(id: string, versions: RowVersions): RowChange {
    const view = this.wire(id)
    this.references.change(id, versions, { base: this.base(id), view })
    const before = this.rows.get(id)
    const change = { before, after: this.#decode(id, view, before) }
    if (change.after !== before) this.rows.set(id, change)
    return change
  }

  #decode(id: string, view: RowWire | undefined, before: Row | undefined): Row | undefined {
    const decoded = view && decodeRow(this.#table, view, id)
    setOrDelete(this.issues, id, decoded?.issues.length ? decoded.issues : undefined)
    const row = decoded?.row
    return row !== undefined && before !== undefined ? reuseRow(before, row) : row
  }
}

function setOrDelete<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
