import type { DataStorage } from '../provider/data-provider.ts'
import { BseError } from '../errors.ts'
import type { StateEntry, StateOp } from '../provider/state-store.ts'

const PAGE_SIZE = 100

/** Runs before a write is made; a throw is the write's own failure. */
export type WriteHook = (ops: readonly StateOp[], durability: 'strict' | 'relaxed') => void | Promise<void>

/** A provider's storage in memory that can be taken through a power cut and a change of leader. */
export class TestDataStorage implements DataStorage {
  #entries = new Map<string, unknown>()
  /** As of the last strict write: what a power cut leaves. */
  #safe = new Map<string, unknown>()
  #led = true
  beforeWrite: WriteHook = () => undefined

  async get(keys: readonly string[]): Promise<readonly unknown[]> {
    return keys.map((key) => structuredClone(this.#entries.get(key)))
  }

  async *list(prefix: string, options: { readonly signal?: AbortSignal } = {}): AsyncIterable<readonly StateEntry[]> {
    const keys = [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort()
    for (let at = 0; at < keys.length; at += PAGE_SIZE) {
      options.signal?.throwIfAborted()
      yield keys.slice(at, at + PAGE_SIZE).map((key) => ({ key, value: structuredClone(this.#entries.get(key)) }))
    }
  }

  async write(ops: readonly StateOp[], { durability }: { readonly durability: 'strict' | 'relaxed' }): Promise<void> {
    await this.beforeWrite(ops, durability)
    await this.assertLease()
    const next = new Map(this.#entries)
    for (const op of ops) applyOp(next, structuredClone(op))
    this.#entries = next
    if (durability === 'strict') this.#safe = next
  }

  async assertLease(): Promise<void> {
    if (!this.#led) throw new BseError('LOST_LEASE', 'testing: another tab leads', { epoch: 1 })
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()].sort()
  }

  /** What a process finds that starts after the power was cut. This one's writes are refused from now on. */
  afterPowerCut(): TestDataStorage {
    return this.#handOver(this.#safe)
  }

  /** What the next leading tab finds. This one's writes are refused from now on. */
  forNextLeader(): TestDataStorage {
    return this.#handOver(this.#entries)
  }

  #handOver(entries: ReadonlyMap<string, unknown>): TestDataStorage {
    this.#led = false
    const next = new TestDataStorage()
    next.#entries = new Map(entries)
    next.#safe = new Map(entries)
    return next
  }
}

function applyOp(entries: Map<string, unknown>, op: StateOp): void {
  if ('put' in op) {
    assertKey(op.put)
    entries.set(op.put, op.value)
  } else if ('delete' in op) {
    entries.delete(op.delete)
  } else {
    for (const key of [...entries.keys()]) if (key >= op.deleteRange.from && key < op.deleteRange.to) entries.delete(key)
  }
}

/** As every StateStore has it. */
function assertKey(key: string): void {
  if (!/^[\x20-\x7e]{1,512}$/.test(key)) throw new Error(`not a legal key: ${JSON.stringify(key)}`)
}
