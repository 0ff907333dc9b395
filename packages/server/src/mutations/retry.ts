import type { MutationWire } from '@bse/core/wire'
import { applyMutation, type ApplyDeps } from './apply-mutation.ts'
import { Refused, type Refusal } from './refused.ts'
import type { SqlDatabase } from './sql-database.ts'
import { verdictOf } from './sql-errors.ts'

export type Settled = { readonly is: 'applied'; readonly txid: number } | Refusal

const MOST_TRIES = 8
/** A row that came into the way is seen by the next try. */
const TRIES_IF_TAKEN = 3
const FIRST_WAIT_MS = 10
const AFTER_MS = 500

/**
 * Applies a mutation, again where others were in the way.
 *
 * @throws the database's error when it, and not the mutation, failed: nothing is known then.
 */
export async function applyUntilSettled(database: SqlDatabase, mutation: MutationWire, deps: ApplyDeps): Promise<Settled> {
  for (let tries = 1; ; tries++) {
    try {
      return { is: 'applied', ...(await database.transaction((on) => applyMutation(on, mutation, deps))) }
    } catch (error) {
      if (error instanceof Refused) return error.outcome
      const verdict = verdictOf(error)
      if (verdict.is === 'failed') throw error
      if (verdict.is === 'rejected') return verdict
      if (verdict.is === 'taken' && tries >= TRIES_IF_TAKEN) return { is: 'rejected', code: 'CONSTRAINT' }
      if (tries >= MOST_TRIES) return { is: 'retry', afterMs: AFTER_MS }
      await jittered(FIRST_WAIT_MS * 2 ** (tries - 1))
    }
  }
}

function jittered(mostMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * mostMs))
}
