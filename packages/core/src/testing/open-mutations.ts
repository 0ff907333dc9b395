import type { PushOutcome, Settlement } from '../provider/data-provider.ts'
import type { Json } from '../wire/json.ts'
import type { MutationId } from '../wire/mutation-wire.ts'

/** The mutations that core still remembers: applied, and not yet both contained in the rows and confirmed by a server. */
export class OpenMutations {
  /** Everything that was said about any mutation, in order. */
  readonly settlements: Settlement[] = []
  readonly #tokens = new Map<MutationId, Json>()
  readonly #confirmed = new Set<MutationId>()
  readonly #counts = new Map<string, number>()

  /** Applied and not settled, with the token of the answer. */
  get awaiting(): ReadonlyMap<MutationId, Json> {
    return this.#tokens
  }

  answered(outcomes: readonly PushOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.is !== 'applied') continue
      if (outcome.durable === 'server') this.#confirmed.add(outcome.id)
      if (!this.isDone(outcome.id)) this.#tokens.set(outcome.id, outcome.token)
    }
  }

  settle(settlements: readonly Settlement[]): void {
    for (const settlement of settlements) {
      this.settlements.push(settlement)
      this.#counts.set(`${settlement.as} ${settlement.id}`, this.count(settlement.id, settlement.as) + 1)
      if (settlement.as === 'confirmed') this.#confirmed.add(settlement.id)
      if (this.isDone(settlement.id)) this.#tokens.delete(settlement.id)
    }
  }

  isConfirmed(id: MutationId): boolean {
    return this.#confirmed.has(id)
  }

  /** Contained, and a server has it: core forgets the mutation. */
  isDone(id: MutationId): boolean {
    return this.#confirmed.has(id) && this.count(id, 'contained') > 0
  }

  count(id: MutationId, as: Settlement['as']): number {
    return this.#counts.get(`${as} ${id}`) ?? 0
  }
}
