import type { Combination, Condition } from './query-types.ts'

/** Marks what `and`, `or` and `not` give. A symbol, so that no column's name can stand in its place; shared by copies of this module. */
export const COMBINATION: unique symbol = Symbol.for('bse.query.combination')

export interface CombinationParts {
  readonly op: 'and' | 'or' | 'not'
  readonly of: readonly unknown[]
}

/** All of them hold: `where(or(and({ hidden: true }, { stars: 5 }), { title: '' }))`. */
export function and<R>(...conditions: readonly Condition<NoInfer<R>>[]): Combination<R> {
  return combine('and', conditions)
}

/** At least one of them holds: `where(or({ albumId }, { stars: { gte: 4 } }))`. */
export function or<R>(...conditions: readonly Condition<NoInfer<R>>[]): Combination<R> {
  return combine('or', conditions)
}

/** The condition does not hold. Rows whose cell is empty are among them: `not({ stars: { gt: 3 } })` selects those without stars, too. */
export function not<R>(condition: Condition<NoInfer<R>>): Combination<R> {
  return combine('not', [condition])
}

/** What a condition combines; `undefined` for a plain object of columns. */
export function partsOf(condition: object): CombinationParts | undefined {
  return (condition as { readonly [COMBINATION]?: CombinationParts })[COMBINATION]
}

function combine<R>(op: CombinationParts['op'], of: readonly unknown[]): Combination<R> {
  return Object.freeze({ [COMBINATION]: Object.freeze({ op, of: Object.freeze([...of]) }) })
}
