import type { MirrorChange } from './tabs/mirror.ts'
import type { Overlay, QueueView } from './mutation/overlay.ts'
import { rowKey } from './model/mutation.ts'
import type { RowStore, StoreChange } from './store/index.ts'
import type { Schema } from './schema/index.ts'

interface RowName {
  readonly table: string
  readonly rowId: string
}

/** Carries what changed in state over to the rows that people see: one change of state, one round of the store. */
export class Projector {
  readonly #store: RowStore
  readonly #overlay: Overlay
  readonly #schema: Schema

  constructor(store: RowStore, overlay: Overlay, schema: Schema) {
    this.#store = store
    this.#overlay = overlay
    this.#schema = schema
  }

  apply(change: MirrorChange, queue: QueueView): void {
    const changes: StoreChange[] = change.reset ? this.#vanished(change) : []
    for (const { table, rowId, row } of change.rows) changes.push({ is: 'base', table, rowId, row })
    const touched: RowName[] = change.reset ? [...this.#overlay.clearRecords()] : []
    for (const { seq, record } of change.mutations) touched.push(...this.#overlay.setRecord(seq, record))
    touched.push(...this.#overlay.dropSettledDrafts(queue))
    this.#store.apply([...changes, ...this.#layers(touched)])
  }

  /** The writes over these rows changed in this tab: one round of the store. */
  rowsChanged(rows: readonly RowName[]): void {
    this.#store.apply(this.#layers(rows))
  }

  #layers(rows: readonly RowName[]): readonly StoreChange[] {
    const unique = new Map(rows.map((row) => [rowKey(row.table, row.rowId), row]))
    return [...unique.values()].map(({ table, rowId }) => ({ is: 'overlay', table, rowId, layers: this.#overlay.layers(table, rowId) }))
  }

  /** After reading everything anew: rows that are not there any more. */
  #vanished(change: MirrorChange): StoreChange[] {
    const present = new Set(change.rows.map(({ table, rowId }) => rowKey(table, rowId)))
    const gone: StoreChange[] = []
    for (const table of this.#schema.tables.keys()) {
      for (const rowId of this.#store.baseIds(table)) {
        if (!present.has(rowKey(table, rowId))) gone.push({ is: 'base', table, rowId, row: undefined })
      }
    }
    return gone
  }
}
