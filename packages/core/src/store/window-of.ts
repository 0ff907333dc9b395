import { compileOrder, type QueryPlan } from './plan.ts'
import { SortedWindow } from './sorted-window.ts'

/** A query that only says where it ends is counted from there: `before` with a limit asks for the rows right in front of a place. */
export function countsFromEnd({ after, before }: QueryPlan): boolean {
  return before !== undefined && after === undefined
}

/** The empty window of a query. */
export function windowOf(plan: QueryPlan): SortedWindow {
  const { offset, limit } = plan
  return new SortedWindow(compileOrder(plan.order), { offset, limit, fromEnd: countsFromEnd(plan) })
}
