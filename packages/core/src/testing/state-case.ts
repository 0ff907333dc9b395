import type { KeyRange, StateChange, StateEntry, StateOp, StateStore } from '../provider/state-store.ts'
import type { NamespaceContext } from './namespace-context.ts'
import { assert, type SuiteCase } from './suite.ts'

export type StateCase = SuiteCase<NamespaceContext<StateStore>>

export const EVERYTHING: KeyRange = { from: ' ', to: '\x7f' }
const RELAXED = { durability: 'relaxed' } as const

/** A write that looks at nothing. */
export async function write(store: StateStore, ops: readonly StateOp[], durability: 'strict' | 'relaxed' = 'relaxed'): Promise<void> {
  await store.update([], () => ({ ops, result: undefined }), { durability })
}

export function puts(entries: Readonly<Record<string, unknown>>): readonly StateOp[] {
  return Object.entries(entries).map(([key, value]) => ({ put: key, value }))
}

/** Adds one to a number under `key`; answers the number before. */
export function increment(store: StateStore, key: string): Promise<number> {
  return store.update([key], (get) => {
    const before = (get(key) as number | undefined) ?? 0
    return { ops: [{ put: key, value: before + 1 }], result: before }
  }, RELAXED)
}

export async function readAll(store: StateStore, range: KeyRange = EVERYTHING, pageSize?: number): Promise<readonly StateEntry[]> {
  const entries: StateEntry[] = []
  const options = pageSize === undefined ? {} : { pageSize }
  for await (const page of store.read(range, options)) entries.push(...page)
  return entries
}

/** A watch that a case steps through; `stop` ends it. */
export interface Watcher {
  next(): Promise<StateChange>
  stop(): Promise<void>
}

export function watchFrom(store: StateStore, since: number | undefined): Watcher {
  const controller = new AbortController()
  const changes = store.watch(since, { signal: controller.signal })[Symbol.asyncIterator]()
  return {
    async next() {
      const step = await changes.next()
      assert(step.done !== true, 'the watch ended by itself')
      return step.value
    },
    async stop() {
      controller.abort()
      await changes.return?.()
    },
  }
}

/** A watch from now on: the opening reset is taken, its sequence number returned. */
export async function watchFromNow(store: StateStore): Promise<Watcher & { readonly seq: number }> {
  const watcher = watchFrom(store, undefined)
  const first = await watcher.next()
  assert('reset' in first, 'a new watch does not begin with a reset')
  return { ...watcher, seq: first.seq }
}

/** The next change, which must not be a reset. */
export async function nextChange(watcher: Watcher): Promise<Exclude<StateChange, { reset: true }>> {
  const change = await watcher.next()
  assert(!('reset' in change), 'a reset where changes were due')
  return change
}

/** Follows a watch into `copy` until it holds `key` with `value`. */
export async function followUntil(watcher: Watcher, store: StateStore, copy: Map<string, unknown>, key: string, value: unknown): Promise<void> {
  while (copy.get(key) !== value) {
    const change = await watcher.next()
    if ('reset' in change) {
      copy.clear()
      for (const entry of await readAll(store)) copy.set(entry.key, entry.value)
    } else follow(copy, change)
  }
}

/** Ranges first, then entries, as the seam says. */
export function follow(copy: Map<string, unknown>, change: Exclude<StateChange, { reset: true }>): void {
  for (const { from, to } of change.deletedRanges) {
    for (const key of [...copy.keys()]) if (key >= from && key < to) copy.delete(key)
  }
  for (const { key, value } of change.entries) {
    if (value === undefined) copy.delete(key)
    else copy.set(key, value)
  }
}
