import { assertStateOps, CHANGE_RING_COMMITS, namedReader } from '../provider/state-rules.ts'
import type { Decide, KeyRange, StateChange, StateEntry, StateOp } from '../provider/state-store.ts'

interface Change {
  readonly keys: readonly string[]
  readonly ranges: readonly KeyRange[]
}

/** Ordered records with a sequence of commits: no promise in here, every call is one step. */
export interface MemoryRecords {
  get(key: string): unknown
  page(range: KeyRange, after: string | undefined, limit: number): readonly StateEntry[]
  /** Runs one decision and writes what it answers, or throws and has written nothing. */
  apply<T>(read: readonly string[], decide: Decide<T>): T
  /** Ends a commit; false when nothing was written since the last one. */
  seal(): boolean
  /** What watchers that have seen `since` do not know yet; `undefined` when they know everything. */
  changesAfter(since: number | undefined): StateChange | undefined
}

export function createMemoryRecords(): MemoryRecords {
  const values = new Map<string, unknown>()
  const ring = new Map<number, Change>()
  let sorted: readonly string[] | undefined
  let [seq, keys, ranges]: [number, Set<string>, KeyRange[]] = [0, new Set(), []]

  const sortedKeys = (): readonly string[] => (sorted ??= [...values.keys()].sort())
  const get = (key: string): unknown => structuredClone(values.get(key))
  const entry = (key: string): StateEntry => ({ key, value: get(key) })

  const write = (op: StateOp): void => {
    if ('put' in op) {
      if (!values.has(op.put)) sorted = undefined
      values.set(op.put, op.value)
      keys.add(op.put)
    } else if ('delete' in op) {
      if (values.delete(op.delete)) sorted = undefined
      keys.add(op.delete)
    } else {
      for (const key of keysIn(sortedKeys(), op.deleteRange)) values.delete(key)
      sorted = undefined
      ranges.push(op.deleteRange)
    }
  }

  return {
    get,
    page: ({ from, to }, after, limit) => {
      const all = keysIn(sortedKeys(), { from: after === undefined ? from : `${after}\0`, to })
      return all.slice(0, limit).map(entry)
    },
    apply(read, decide) {
      const { ops, result } = decide(namedReader(read, (key) => values.get(key), 'memory-state'))
      assertStateOps(ops, 'memory-state')
      for (const op of ops.map(copied)) write(op)
      return result
    },
    seal() {
      if (keys.size === 0 && ranges.length === 0) return false
      seq += 1
      ring.set(seq, { keys: [...keys], ranges })
      ring.delete(seq - CHANGE_RING_COMMITS)
      keys = new Set()
      ranges = []
      return true
    },
    changesAfter(since) {
      if (since === seq) return undefined
      if (since === undefined || since > seq || since < seq - CHANGE_RING_COMMITS) return { seq, reset: true }
      const missed = Array.from({ length: seq - since }, (_, n) => ring.get(since + 1 + n)).filter((change) => change !== undefined)
      const changedKeys = new Set(missed.flatMap((change) => change.keys))
      return { seq, deletedRanges: missed.flatMap((change) => change.ranges), entries: [...changedKeys].map(entry) }
    },
  }
}

/** The keys of a range, out of sorted keys. */
function keysIn(sorted: readonly string[], { from, to }: KeyRange): readonly string[] {
  return sorted.slice(firstFrom(sorted, from), firstFrom(sorted, to))
}

/** Where the first key that is not below `bound` stands. */
function firstFrom(sorted: readonly string[], bound: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? '') < bound) low = middle + 1
    else high = middle
  }
  return low
}

/** A value that cannot be copied shows here, before any op of the decision is written. */
function copied(op: StateOp): StateOp {
  return 'put' in op ? { put: op.put, value: structuredClone(op.value) } : op
}
