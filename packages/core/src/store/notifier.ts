import type { LiveQuery } from './live-query.ts'

/** Tells listeners once for each round, after all of it. */
export class Notifier {
  readonly #waiting: Set<LiveQuery> = new Set()
  #isTelling = false

  /**
   * Tells the listeners of these queries. Changes made by a listener belong to the round under way: whoever was not told
   * yet is told once, of all of it.
   *
   * @throws what listeners threw, after every one of them was told.
   */
  tell(queries: Iterable<LiveQuery>): void {
    for (const query of queries) this.#waiting.add(query)
    if (this.#isTelling) return
    this.#isTelling = true
    const errors: unknown[] = []
    try {
      for (const query of this.#waiting) {
        this.#waiting.delete(query)
        for (const listener of [...query.listeners]) call(query, listener, errors)
      }
    } finally {
      this.#isTelling = false
    }
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, 'store.apply: listeners failed')
  }
}

/** A listener that another one has closed meanwhile is not called. */
function call(query: LiveQuery, listener: () => void, errors: unknown[]): void {
  if (!query.listeners.has(listener)) return
  try {
    listener()
  } catch (error) {
    errors.push(error)
  }
}
