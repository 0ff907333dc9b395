import type { StateStore } from '../provider/state-store.ts'
import { prefixRange, priorityKey, type PriorityTarget } from '../state/keys.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { Priority } from './catalog.ts'

/** A row that names a blob. */
export interface NamingRow {
  readonly table: string
  readonly id: string
  readonly column?: string
}

const RANKS: Readonly<Record<Priority, number>> = { low: 0, normal: 1, high: 2 }

/** How dear rows and blobs are, as the person said. A row's word holds for whatever blobs it names; of several rows the dearest counts. */
export class Priorities {
  readonly #state: StateStore
  readonly #rowsOf: (hash: BlobHash) => readonly NamingRow[]
  readonly #isPinned: ((row: NamingRow) => boolean) | undefined
  readonly #said: Map<string, Priority> = new Map()

  /** `isPinned`: whether a column keeps what it names; left out where none does. */
  constructor(state: StateStore, rowsOf: (hash: BlobHash) => readonly NamingRow[], isPinned?: (row: NamingRow) => boolean) {
    this.#state = state
    this.#isPinned = isPinned
    this.#rowsOf = rowsOf
  }

  async load(signal: AbortSignal): Promise<void> {
    this.#said.clear()
    for await (const page of this.#state.read(prefixRange('pri/'), { signal })) for (const { key, value } of page) this.changed(key, value)
  }

  /** A record of this or another tab changed; `undefined` when it is gone. */
  changed(key: string, value: unknown): void {
    if (isPriority(value)) this.#said.set(key, value)
    else this.#said.delete(key)
  }

  /** The blob's own word, else the dearest of its rows', else normal. */
  of(hash: BlobHash): Priority {
    const own = this.#said.get(priorityKey({ hash }))
    if (own !== undefined) return own
    if (this.#said.size === 0 && this.#isPinned === undefined) return 'normal'
    const [first = 'normal', ...more] = this.#rowsOf(hash).map((row) => (this.#isPinned?.(row) === true ? 'high' : this.#said.get(priorityKey(row)) ?? 'normal'))
    return more.reduce(dearer, first)
  }

  /** Durable once it resolves. Normal is what nobody has said anything about. */
  async say(targets: readonly PriorityTarget[], priority: Priority): Promise<void> {
    const keys = targets.map(priorityKey)
    const ops = keys.map((key) => (priority === 'normal' ? { delete: key } : { put: key, value: priority }))
    await this.#state.update([], () => ({ ops, result: undefined }), { durability: 'strict' })
    for (const key of keys) this.changed(key, priority === 'normal' ? undefined : priority)
  }
}

export function isPriority(value: unknown): value is Priority {
  return value === 'high' || value === 'normal' || value === 'low'
}

function dearer(a: Priority, b: Priority): Priority {
  return RANKS[b] > RANKS[a] ? b : a
}
