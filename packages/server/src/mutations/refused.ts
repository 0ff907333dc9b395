import type { MutationOutcome } from '@bse/core/wire'

type WithoutId<Outcome> = Outcome extends unknown ? Omit<Outcome, 'id'> : never

/** Why nothing of a mutation is applied. */
export type Refusal = WithoutId<Exclude<MutationOutcome, { readonly is: 'applied' }>>

/** Rolls the transaction back. Never leaves this folder. */
export class Refused extends Error {
  readonly outcome: Refusal

  constructor(outcome: Refusal) {
    super('mutations: refused')
    this.outcome = outcome
  }
}

export function rejected(code: string): Refused {
  return new Refused({ is: 'rejected', code })
}
