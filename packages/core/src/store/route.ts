import type { QueryPlan, Scalar, Test } from './plan.ts'

/** A column and the only values of it that a query can match: the way to its rows, and from a changed row to it. */
export interface Route {
  readonly column: string
  readonly values: readonly Scalar[]
}

/** The narrowest way: by id, else by an equality, else by a list. `undefined` when every row must be looked at. */
export function routeOf({ tests }: QueryPlan): Route | undefined {
  return narrowest(tests.flatMap(routesOf))
}

function routesOf(test: Test): readonly Route[] {
  if (test.op === 'eq') return [{ column: test.column, values: [test.value] }]
  if (test.op === 'in') return [{ column: test.column, values: [...new Set(test.values)] }]
  if (test.op === 'and') return test.of.flatMap(routesOf)
  return test.op === 'or' ? sharedRoutes(test.of) : []
}

/** Columns by which each of the alternatives selects. */
function sharedRoutes(alternatives: readonly Test[]): readonly Route[] {
  const [first = [], ...others] = alternatives.map(routesOf)
  return [...new Set(first.map(({ column }) => column))].flatMap((column): readonly Route[] => {
    const routes = [first, ...others].map((of) => narrowest(of.filter((route) => route.column === column)))
    if (routes.includes(undefined)) return []
    return [{ column, values: [...new Set(routes.flatMap((route) => route?.values ?? []))] }]
  })
}

function narrowest(routes: readonly Route[]): Route | undefined {
  return routes.toSorted((a, b) => Number(b.column === 'id') - Number(a.column === 'id') || a.values.length - b.values.length)[0]
}
