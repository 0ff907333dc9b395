import type { YMapEvent } from 'yjs'
import type { RowChange } from '@bse/core/provider'
import { rowIdOfKey, type TableMap } from './cells.ts'
import type { TableIndex } from './table-index.ts'

/** The rows that changed since they were last read. */
export class DirtyRows {
  readonly #tables: TableIndex
  readonly #byTable = new Map<string, Set<string>>()
  readonly #observed: (readonly [TableMap, (event: YMapEvent<unknown>) => void])[] = []

  constructor(tables: TableIndex, onDirty: () => void) {
    this.#tables = tables
    for (const { name } of tables.tables) {
      const rows = new Set<string>()
      const observer = (event: YMapEvent<unknown>): void => {
        for (const key of event.keysChanged) if (typeof key === 'string') rows.add(rowIdOfKey(key))
        onDirty()
      }
      this.#byTable.set(name, rows)
      const map = tables.mapOf(name)
      map.observe(observer)
      this.#observed.push([map, observer])
    }
  }

  get isEmpty(): boolean {
    return [...this.#byTable.values()].every((rows) => rows.size === 0)
  }

  /** Up to `count` of them, as they are now. */
  take(count: number): readonly RowChange[] {
    const changes: RowChange[] = []
    for (const [table, rows] of this.#byTable) {
      for (const rowId of rows) {
        if (changes.length >= count) return changes
        rows.delete(rowId)
        const row = this.#tables.row(table, rowId)
        changes.push(row === undefined ? { kind: 'delete', table, rowId } : { kind: 'put', table, rowId, row })
      }
    }
    return changes
  }

  close(): void {
    for (const [map, observer] of this.#observed) map.unobserve(observer)
  }
}
