import { scalarOf, type Scalar } from './plan.ts'
import { LiveQuery } from './live-query.ts'
import type { Query } from './query.ts'
import type { RowChange } from './sorted-window.ts'
import type { TableRows } from './table-rows.ts'

/** The open live queries of one table, found by what they select, so that a change concerns only those it may touch. */
export class LiveQueries {
  readonly #rows: TableRows
  readonly #byKey: Map<string, LiveQuery> = new Map()
  readonly #byValue: Map<string, Map<Scalar, Set<LiveQuery>>> = new Map()
  readonly #unrouted: Set<LiveQuery> = new Set()

  constructor(rows: TableRows) {
    this.#rows = rows
  }

  values(): Iterable<LiveQuery> {
    return this.#byKey.values()
  }

  find(key: string): LiveQuery | undefined {
    return this.#byKey.get(key)
  }

  /** The live query that asks the same, or a new one. */
  open<R>({ key, plan }: Query<R>): LiveQuery {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const live = new LiveQuery(plan, this.#rows)
    this.#byKey.set(key, live)
    this.#rows.addIndex(live.route)
    for (const bucket of this.#bucketsOf(live)) bucket.add(live)
    return live
  }

  /** Forgets a live query that nobody listens to any more. */
  release(key: string, live: LiveQuery): void {
    if (live.listeners.size > 0 || this.#byKey.get(key) !== live) return
    this.#byKey.delete(key)
    this.#rows.dropIndex(live.route)
    for (const bucket of this.#bucketsOf(live)) bucket.delete(live)
    this.#sweep(live)
  }

  /** Hands each live query the changes that may concern it; gives those whose rows are not the same any more. */
  apply(changes: readonly RowChange[]): readonly LiveQuery[] {
    const work: Map<LiveQuery, RowChange[]> = new Map()
    for (const change of changes) this.#dispatch(change, work)
    return [...work].filter(([live, own]) => live.apply(own)).map(([live]) => live)
  }

  #dispatch(change: RowChange, work: Map<LiveQuery, RowChange[]>): void {
    for (const live of this.#unrouted) add(live, change, work)
    for (const [column, buckets] of this.#byValue) {
      for (const row of [change.before, change.after]) {
        if (row === undefined) continue
        for (const live of buckets.get(scalarOf(row[column])) ?? []) add(live, change, work)
      }
    }
  }

  #bucketsOf({ route }: LiveQuery): readonly Set<LiveQuery>[] {
    if (route === undefined) return [this.#unrouted]
    const buckets = getOrMake(this.#byValue, route.column, () => new Map<Scalar, Set<LiveQuery>>())
    return route.values.map((value) => getOrMake(buckets, value, () => new Set<LiveQuery>()))
  }

  #sweep({ route }: LiveQuery): void {
    const buckets = route && this.#byValue.get(route.column)
    if (route === undefined || buckets === undefined) return
    for (const value of route.values) {
      if (buckets.get(value)?.size === 0) buckets.delete(value)
    }
    if (buckets.size === 0) this.#byValue.delete(route.column)
  }
}

/** A query that selects by a list can be reached by the old value and by the new one: it gets the change once. */
function add(live: LiveQuery, change: RowChange, work: Map<LiveQuery, RowChange[]>): void {
  const own = getOrMake(work, live, () => [])
  if (own.at(-1) !== change) own.push(change)
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
