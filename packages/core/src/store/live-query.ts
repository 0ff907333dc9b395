import type { Row } from '../schema/index.ts'
import { compileMatcher, type Matcher, type QueryPlan } from './plan.ts'
import { routeOf, type Route } from './route.ts'
import type { RowChange, SortedWindow } from './sorted-window.ts'
import type { TableRows } from './table-rows.ts'
import { windowOf } from './window-of.ts'

/** The result of one query, kept up to date by the changes of its table, for everyone who asks the same. */
export class LiveQuery {
  readonly plan: QueryPlan
  readonly route: Route | undefined
  readonly listeners: Set<() => void> = new Set()
  readonly #matches: Matcher
  readonly #window: SortedWindow
  readonly #table: TableRows
  #shown: readonly Row[] | undefined

  constructor(plan: QueryPlan, table: TableRows) {
    this.plan = plan
    this.route = routeOf(plan)
    this.#matches = compileMatcher(plan)
    this.#window = windowOf(plan)
    this.#table = table
    this.#window.fill(table.matching(plan))
  }

  /** The same array until something in it changed. Copied when asked for, so a burst of changes costs one copy. */
  rows(): readonly Row[] {
    this.#shown ??= this.#window.visible()
    return this.#shown
  }

  /** Takes in changes that the table has made already. True when `rows` is not the same any more. */
  apply(changes: readonly RowChange[]): boolean {
    const own = changes.map((change) => this.#seen(change)).filter(({ before, after }) => before !== undefined || after !== undefined)
    if (own.length === 0) return false
    const isChanged = this.#window.apply(own)
    if (this.#window.isShort) this.#window.fill(this.#table.matching(this.plan))
    if (isChanged) this.#shown = undefined
    return isChanged
  }

  /** A row that begins or ceases to match comes or goes. */
  #seen({ before, after }: RowChange): RowChange {
    return {
      before: before !== undefined && this.#matches(before) ? before : undefined,
      after: after !== undefined && this.#matches(after) ? after : undefined,
    }
  }
}
