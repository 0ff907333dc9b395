import type { Recording } from './recording.ts'

/** Why a difference is known and accepted, or `undefined`. Everything that is not named here counts as a fault. */
export function expectedDifference({ name }: Recording): string | undefined {
  return name === 'subquery_where' ? 'subqueries in a condition are refused' : undefined
}
