import type { Settlement } from '@bse/core/provider'
import type { MutationId } from '@bse/core/wire'

/**
 * Which mutations a session has still to settle. A mutation is told of as contained once in a session, and as confirmed once;
 * it is known from its push, or from `awaiting` when an earlier session pushed it.
 */
export class Settler {
  readonly #contained = new Set<MutationId>()
  readonly #confirmed = new Set<MutationId>()
  readonly #pushed = new Set<MutationId>()

  /** Its changes are in the document. */
  pushed(id: MutationId): void {
    this.#pushed.add(id)
  }

  /** For a batch that shows all of the document. */
  settle(awaiting: ReadonlyMap<MutationId, unknown>, serverHasAll: boolean): readonly Settlement[] {
    const open = new Set([...this.#pushed, ...awaiting.keys()])
    this.#forget(open)
    const settled = this.#tell(open, this.#contained, 'contained')
    if (!serverHasAll) return settled
    this.#pushed.clear()
    return [...settled, ...this.#tell(open, this.#confirmed, 'confirmed')]
  }

  #tell(open: ReadonlySet<MutationId>, told: Set<MutationId>, as: 'contained' | 'confirmed'): readonly Settlement[] {
    const untold = [...open].filter((id) => !told.has(id))
    for (const id of untold) told.add(id)
    return untold.map((id) => ({ id, as }))
  }

  /** What core no longer waits for needs no memory. */
  #forget(open: ReadonlySet<MutationId>): void {
    for (const told of [this.#contained, this.#confirmed]) {
      for (const id of told) if (!open.has(id)) told.delete(id)
    }
  }
}
