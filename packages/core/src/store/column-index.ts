import type { Row } from '../schema/index.ts'
import { scalarOf, type Scalar } from './plan.ts'
import type { RowChange } from './sorted-window.ts'

/** The ids of a table's rows by the value of one column. */
export class ColumnIndex {
  readonly #column: string
  readonly #ids: Map<Scalar, Set<string>> = new Map()

  constructor(column: string, rows: Iterable<Row>) {
    this.#column = column
    for (const row of rows) this.#add(row)
  }

  ids(value: Scalar): Iterable<string> {
    return this.#ids.get(value) ?? []
  }

  change({ before, after }: RowChange): void {
    if (before !== undefined && after !== undefined && this.#valueOf(before) === this.#valueOf(after)) return
    if (before !== undefined) this.#remove(before)
    if (after !== undefined) this.#add(after)
  }

  #valueOf(row: Row): Scalar {
    return scalarOf(row[this.#column])
  }

  #add(row: Row): void {
    const value = this.#valueOf(row)
    const ids = this.#ids.get(value)
    if (ids === undefined) this.#ids.set(value, new Set([row.id]))
    else ids.add(row.id)
  }

  #remove(row: Row): void {
    const value = this.#valueOf(row)
    const ids = this.#ids.get(value)
    ids?.delete(row.id)
    if (ids?.size === 0) this.#ids.delete(value)
  }
}
