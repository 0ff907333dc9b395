import { describe, expect, it, vi } from 'vitest'
import { CacheKeeper, type CacheKeeperOptions, type EvictedItem } from '../../src/cache/keeper.ts'
import type { CacheLimits } from '../../src/cache/limits.ts'
import { Priorities } from '../../src/cache/priorities.ts'
import { storedSomewhere } from '../../src/ledger/entry.ts'
import { ledgerOps } from '../../src/ledger/records.ts'
import { memoryState } from '../../src/memory/index.ts'
import { newLedgerEntry, UNKNOWN_REMOTE, type LedgerEntry } from '../../src/model/ledger-entry.ts'
import type { StateStore } from '../../src/provider/index.ts'
import { ledgerKey } from '../../src/state/keys.ts'
import { blobHashFromHex, type BlobHash } from '../../src/wire/blob-hash.ts'
import { ManualClock } from '../subscription/manual-clock.ts'

const LIMITS: CacheLimits = { maxBytes: 1_000, warningShare: 0.8, criticalShare: 0.95, evictsByItself: true }
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

function hashOf(n: number): BlobHash {
  return blobHashFromHex(n.toString(16).padStart(64, '0'))
}

function entryOf(n: number, sizeBytes: number, options: { readonly stored: boolean } = { stored: true }): LedgerEntry {
  const remote = options.stored ? { r: { ...UNKNOWN_REMOTE, state: 'stored' as const } } : { r: { ...UNKNOWN_REMOTE, state: 'owed' as const } }
  return { ...newLedgerEntry(hashOf(n), sizeBytes, ''), local: 'present', claims: options.stored ? [] : ['m1'], remotes: remote }
}

class Shelf {
  readonly clock: ManualClock = new ManualClock()
  readonly warnings: { used: number; available: number }[] = []
  readonly evicted: number[] = []
  readonly read: Set<BlobHash> = new Set()
  readonly rows: Map<BlobHash, readonly { table: string; id: string }[]> = new Map()
  readonly state: StateStore
  readonly priorities: Priorities
  readonly keeper: CacheKeeper

  constructor(options: Partial<CacheKeeperOptions> = {}) {
    this.state = options.state ?? memoryState()('n')
    this.priorities = new Priorities(this.state, (hash) => this.rows.get(hash) ?? [])
    this.keeper = new CacheKeeper({
      state: this.state, clock: this.clock, logger: quiet, limits: LIMITS, order: 'lru', priorities: this.priorities,
      estimate: async () => undefined,
      evict: (hash) => this.#evict(hash),
      isDurable: storedSomewhere,
      onWarning: (room) => this.warnings.push(room),
      onEvicted: (items: readonly EvictedItem[]) => this.evicted.push(...items.map(({ id }) => Number.parseInt(id.slice(-6), 16))),
      ...options,
    })
  }

  async put(entry: LedgerEntry): Promise<void> {
    await this.state.update([], () => ({ ops: ledgerOps(entry), result: undefined }), { durability: 'relaxed' })
    this.keeper.ledgerChanged(entry.hash, entry)
  }

  /** Lets everything happen that time alone holds back. */
  async settle(): Promise<void> {
    for (let rounds = 0; rounds < 5; rounds += 1) {
      this.clock.advance(10_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #evict(hash: BlobHash): Promise<'evicted' | 'kept'> {
    if (this.read.has(hash)) return 'kept'
    const [value] = await this.state.get([ledgerKey(hash)])
    const entry = { ...(value as LedgerEntry), local: 'absent' as const }
    await this.put(entry)
    return 'evicted'
  }
}

describe('the keeper of the cache', () => {
  // R-043 R-044 R-050 R-051 R-148 R-149 R-172
  it('warns at the warning share, and above the critical share evicts down to it, oldest use first', async () => {
    const shelf = new Shelf()
    shelf.keeper.setLeading(true)
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) await shelf.put(entryOf(n, 100))
    await shelf.settle()
    expect(shelf.warnings).toEqual([])
    await shelf.put(entryOf(9, 100))
    await shelf.settle()
    expect([shelf.warnings, shelf.evicted]).toEqual([[{ used: 900, available: 100 }], []])

    shelf.keeper.used(hashOf(1))
    await shelf.put(entryOf(10, 100))
    await shelf.settle()
    expect(shelf.evicted).toEqual([2, 3])
    expect(await shelf.keeper.room()).toEqual({ used: 800, available: 200, items: 8 })
    expect(shelf.warnings).toHaveLength(1)

    await shelf.put(entryOf(11, 100))
    await shelf.settle()
    expect(shelf.warnings, 'a second crossing').toHaveLength(2)
    await shelf.keeper.close()
  })

  // F-31 R-134
  it('never evicts what no remote has, however full it is', async () => {
    const shelf = new Shelf()
    shelf.keeper.setLeading(true)
    for (const n of [1, 2, 3, 4]) await shelf.put(entryOf(n, 1_000, { stored: n === 2 }))
    await shelf.settle()
    expect(shelf.evicted).toEqual([2])
    expect(shelf.keeper.pinnedBytes()).toBe(3_000)
    await shelf.keeper.close()
  })

  it('passes over what somebody reads and takes it once nobody does', async () => {
    const shelf = new Shelf()
    shelf.keeper.setLeading(true)
    shelf.read.add(hashOf(1))
    for (const n of [1, 2, 3]) await shelf.put(entryOf(n, 400))
    await shelf.settle()
    expect(shelf.evicted).toEqual([2])
    shelf.read.clear()
    await shelf.put(entryOf(4, 400))
    await shelf.settle()
    expect(shelf.evicted).toEqual([2, 1])
    await shelf.keeper.close()
  })

  //
  it('evicts nothing by itself where the app does so by hand, and warns all the same', async () => {
    const shelf = new Shelf({ limits: { ...LIMITS, evictsByItself: false } })
    shelf.keeper.setLeading(true)
    await shelf.put(entryOf(1, 5_000))
    await shelf.settle()
    expect([shelf.evicted, shelf.warnings]).toEqual([[], [{ used: 5_000, available: 0 }]])
    expect(await shelf.keeper.makeRoom(10, { spareDear: false })).toBe(0)
    await shelf.keeper.close()
  })

  // R-052 R-136 R-137
  it('lets what is dear go only for the device, and last', async () => {
    const shelf = new Shelf()
    for (const n of [1, 2]) shelf.rows.set(hashOf(n), [{ table: 'photos', id: `p${n}` }])
    await shelf.priorities.say([{ table: 'photos', id: 'p1' }], 'high')
    shelf.keeper.setLeading(true)
    for (const n of [1, 2]) await shelf.put(entryOf(n, 2_000))
    await shelf.settle()
    expect(shelf.evicted).toEqual([2])
    expect(await shelf.keeper.makeRoom(10, { spareDear: true })).toBe(0)
    expect(await shelf.keeper.makeRoom(10, { spareDear: false })).toBe(2_000)
    expect(shelf.evicted).toEqual([2, 1])
    await shelf.keeper.close()
  })

  it('goes on in the next session with the order of uses of this one', async () => {
    const first = new Shelf()
    await first.keeper.ready()
    for (const n of [1, 2, 3]) await first.put(entryOf(n, 300))
    first.keeper.used(hashOf(1))
    await first.keeper.close()

    const second = new Shelf({ state: first.state })
    second.keeper.setLeading(true)
    await second.put(entryOf(4, 300))
    await second.settle()
    expect(second.evicted).toEqual([2, 3])
    await second.keeper.close()
  })

  // R-055 R-172
  it('stays within what the device has room for', async () => {
    const shelf = new Shelf({ estimate: async () => ({ usageBytes: 900, quotaBytes: 1_000 }) })
    shelf.keeper.setLeading(true)
    for (const n of [1, 2, 3]) await shelf.put(entryOf(n, 100))
    expect((await shelf.keeper.room()).available).toBe(100)
    await shelf.keeper.close()
  })

  it('writes no more than one record for many reads of a blob', async () => {
    const shelf = new Shelf()
    await shelf.keeper.ready()
    await shelf.put(entryOf(1, 10))
    const update = vi.spyOn(shelf.state, 'update')
    for (let reads = 0; reads < 1_000; reads += 1) shelf.keeper.used(hashOf(1))
    await shelf.settle()
    expect(update).toHaveBeenCalledTimes(1)
    await shelf.keeper.close()
  })
})

it('tells whoever asks for room that the cache has closed, also while it was being read', async () => {
  const shelf = new Shelf()
  const asked = shelf.keeper.makeRoom(100, { spareDear: false })
  await Promise.all([expect(asked).rejects.toMatchObject({ code: 'CLOSED', details: { what: 'cache' } }), shelf.keeper.close()])
})
