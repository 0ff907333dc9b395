import type { Row } from '../schema/index.ts'
import { ColumnIndex } from './column-index.ts'
import { compileMatcher, type QueryPlan } from './plan.ts'
import { routeOf, type Route } from './route.ts'
import type { RowChange } from './sorted-window.ts'

interface SharedIndex {
  readonly index: ColumnIndex
  users: number
}

/** The rows of one table as the app sees them, with an index on each column that an open live query selects by. */
export class TableRows {
  readonly #rows: Map<string, Row> = new Map()
  readonly #indexes: Map<string, SharedIndex> = new Map()

  get(id: string): Row | undefined {
    return this.#rows.get(id)
  }

  set(id: string, change: RowChange): void {
    if (change.after === undefined) this.#rows.delete(id)
    else this.#rows.set(id, change.after)
    for (const { index } of this.#indexes.values()) index.change(change)
  }

  /** Every row that the query matches, in no order. */
  *matching(plan: QueryPlan): Iterable<Row> {
    const matches = compileMatcher(plan)
    for (const row of this.#candidates(routeOf(plan))) {
      if (matches(row)) yield row
    }
  }

  /** Builds the index of a route, or shares it. Rows are found by id without one. */
  addIndex(route: Route | undefined): void {
    if (route === undefined || route.column === 'id') return
    const shared = this.#indexes.get(route.column)
    if (shared !== undefined) shared.users += 1
    else this.#indexes.set(route.column, { index: new ColumnIndex(route.column, this.#rows.values()), users: 1 })
  }

  dropIndex(route: Route | undefined): void {
    const shared = route && this.#indexes.get(route.column)
    if (route === undefined || shared === undefined) return
    shared.users -= 1
    if (shared.users === 0) this.#indexes.delete(route.column)
  }

  *#candidates(route: Route | undefined): Iterable<Row> {
    const ids = route && this.#idsOf(route)
    if (ids === undefined) {
      yield* this.#rows.values()
      return
    }
    for (const id of ids) {
      const row = this.#rows.get(id)
      if (row !== undefined) yield row
    }
  }

  /** `undefined` when there is no index: the table must be looked through. */
  #idsOf({ column, values }: Route): Iterable<string> | undefined {
    if (column === 'id') return values.filter((value) => typeof value === 'string')
    const index = this.#indexes.get(column)?.index
    return index && values.flatMap((value) => [...index.ids(value)])
  }
}
