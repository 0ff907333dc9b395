import type { Row } from '../schema/index.ts'
import type { Comparator } from './plan.ts'

/** A matching row that came, went, or was replaced by a newer version of itself. */
export interface RowChange {
  readonly before: Row | undefined
  readonly after: Row | undefined
}

/** More changes than this at once are merged in one pass instead of being spliced in one by one. */
const SPLICE_AT_MOST = 16
/** How many rows beyond the limit are kept, so that a row that leaves is replaced without looking at the table. */
const SPARE_ROWS = 64

export interface WindowOptions {
  /** How many rows are passed over. */
  readonly offset?: number
  /** `undefined`: all of them. */
  readonly limit: number | undefined
  /** Offset and limit count from the end of the order; the rows are still shown in the order. */
  readonly fromEnd?: boolean
}

/**
 * Some rows of an order, kept up to date. With a limit it holds some rows more than are shown; always a prefix of all
 * matching rows, as seen from the end that is counted from. `isComplete` says that there are no others.
 */
export class SortedWindow {
  readonly #compare: Comparator
  readonly #offset: number
  /** The place behind the last row that is shown. */
  readonly #end: number
  readonly #capacity: number
  readonly #fromEnd: boolean
  #rows: Row[] = []
  #isComplete = true

  constructor(compare: Comparator, { offset = 0, limit = Infinity, fromEnd = false }: WindowOptions) {
    this.#compare = fromEnd ? (a, b) => compare(b, a) : compare
    this.#offset = offset
    this.#end = offset + limit
    this.#capacity = this.#end + Math.max(SPARE_ROWS, limit)
    this.#fromEnd = fromEnd
  }

  /** Begins anew with every matching row, in any order: one pass, without sorting what lies beyond the window. */
  fill(matching: Iterable<Row>): void {
    let rows: Row[] = []
    let last: Row | undefined
    for (const row of matching) {
      if (last !== undefined && this.#compare(row, last) > 0) continue
      rows.push(row)
      if (rows.length < 2 * this.#capacity) continue
      rows = rows.sort(this.#compare).slice(0, this.#capacity)
      last = rows.at(-1)
    }
    this.#rows = rows.sort(this.#compare)
    this.#isComplete = last === undefined
    this.#trim()
  }

  /** True when too many rows have left: the window must be filled again before it is read. */
  get isShort(): boolean {
    return !this.#isComplete && this.#rows.length < this.#end
  }

  visible(): readonly Row[] {
    const rows = this.#rows.slice(this.#offset, this.#end)
    return Object.freeze(this.#fromEnd ? rows.reverse() : rows)
  }

  /** True when the visible rows are not the same any more. */
  apply(changes: readonly RowChange[]): boolean {
    if (this.#offset === 0 && changes.length <= SPLICE_AT_MOST) return this.#splice(changes) < this.#end
    // What comes and goes among the rows that are passed over may leave the others where they are.
    const shown = this.visible()
    if (changes.length <= SPLICE_AT_MOST) this.#splice(changes)
    else this.#merge(changes)
    const now = this.visible()
    return shown.length !== now.length || shown.some((row, at) => row !== now[at])
  }

  /** Gives the first place that is not the same any more. */
  #splice(changes: readonly RowChange[]): number {
    let firstTouched = Infinity
    for (const { before, after } of changes) firstTouched = Math.min(firstTouched, this.#applyOne(before, after))
    this.#trim()
    return firstTouched
  }

  #applyOne(before: Row | undefined, after: Row | undefined): number {
    let touched = Infinity
    if (before !== undefined) {
      const at = this.#search(before)
      if (this.#rows[at] === before) {
        if (after !== undefined && this.#fitsAt(at, after)) {
          this.#rows[at] = after
          return at
        }
        this.#rows.splice(at, 1)
        touched = at
      }
    }
    if (after === undefined) return touched
    const at = this.#search(after)
    if (at === this.#rows.length && !this.#isComplete) return touched
    this.#rows.splice(at, 0, after)
    return Math.min(touched, at)
  }

  /** Whether a newer version of the row at `at` belongs to the very same place. */
  #fitsAt(at: number, row: Row): boolean {
    const left = this.#rows[at - 1]
    const right = this.#rows[at + 1]
    if (left !== undefined && this.#compare(left, row) >= 0) return false
    return right === undefined ? this.#isComplete : this.#compare(row, right) < 0
  }

  #merge(changes: readonly RowChange[]): void {
    const gone: Set<Row> = new Set()
    const added: Row[] = []
    for (const { before, after } of changes) {
      if (before !== undefined) gone.add(before)
      if (after !== undefined) added.push(after)
    }
    const kept = this.#rows.filter((row) => !gone.has(row))
    const last = kept.at(-1)
    const inside = this.#isComplete ? added : added.filter((row) => last !== undefined && this.#compare(row, last) < 0)
    this.#rows = mergeSorted(kept, inside.sort(this.#compare), this.#compare)
    this.#trim()
  }

  /** The place of `row`, or where it would be. */
  #search(row: Row): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(this.#rows[middle] as Row, row) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #trim(): void {
    if (this.#rows.length <= this.#capacity) return
    this.#rows.length = this.#capacity
    this.#isComplete = false
  }
}

function mergeSorted(left: readonly Row[], right: readonly Row[], compare: Comparator): Row[] {
  const merged: Row[] = []
  let at = 0
  for (const row of left) {
    for (let next = right[at]; next !== undefined && compare(next, row) < 0; next = right[at]) {
      merged.push(next)
      at += 1
    }
    merged.push(row)
  }
  for (; at < right.length; at += 1) merged.push(right[at] as Row)
  return merged
}
