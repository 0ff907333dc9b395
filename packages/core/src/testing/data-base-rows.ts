import type { ChangeBatch, RowChange } from '../provider/data-provider.ts'
import type { RowWire } from '../wire/mutation-wire.ts'
import { assert } from './suite.ts'

/** The rows as core keeps them: what the batches said, with an old snapshot in place until the new one is whole. */
export class DataBaseRows {
  readonly #tables = new Map<string, Map<string, RowWire>>()
  /** Rows named since `begin`, by table. */
  readonly #replacing = new Map<string, Set<string>>()
  readonly #observers: (() => void)[] = []

  table(name: string): Map<string, RowWire> {
    const rows = this.#tables.get(name) ?? new Map<string, RowWire>()
    this.#tables.set(name, rows)
    return rows
  }

  commit({ changes, replace }: Pick<ChangeBatch, 'changes' | 'replace'>): void {
    if (replace?.phase === 'begin') this.#replacing.set(replace.table, new Set())
    for (const change of changes) this.#apply(change)
    if (replace?.phase === 'end') this.#endReplace(replace.table)
    for (const observe of this.#observers) observe()
  }

  /** A session that ended in the midst of a replacement has replaced nothing. */
  dropReplacements(): void {
    this.#replacing.clear()
  }

  /** What a row is after each commit from now on. */
  track(table: string, rowId: string): readonly (RowWire | undefined)[] {
    const seen: (RowWire | undefined)[] = []
    this.#observers.push(() => seen.push(this.table(table).get(rowId)))
    return seen
  }

  #apply(change: RowChange): void {
    const rows = this.table(change.table)
    const before = rows.get(change.rowId)
    this.#replacing.get(change.table)?.add(change.rowId)
    if (change.kind === 'delete') rows.delete(change.rowId)
    if (change.kind === 'put') rows.set(change.rowId, structuredClone(change.row))
    if (change.kind === 'patch' && before !== undefined) rows.set(change.rowId, { ...before, ...structuredClone(change.columns) })
  }

  #endReplace(table: string): void {
    const named = this.#replacing.get(table)
    assert(named !== undefined, 'replace ended without a beginning')
    this.#replacing.delete(table)
    const rows = this.table(table)
    for (const rowId of [...rows.keys()]) if (!named.has(rowId)) rows.delete(rowId)
  }
}
