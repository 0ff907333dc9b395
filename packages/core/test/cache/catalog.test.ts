import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Catalog, type Priority } from '../../src/cache/catalog.ts'
import { BY_DEVICE, BY_LIMIT } from '../../src/cache/limits.ts'
import { blobHashFromHex, type BlobHash } from '../../src/wire/blob-hash.ts'

function hashOf(n: number): BlobHash {
  return blobHashFromHex(n.toString(16).padStart(64, '0'))
}

const normal = (): Priority => 'normal'

function takeAll(catalog: Catalog, priorityOf: (hash: BlobHash) => Priority = normal, priorities: readonly Priority[] = BY_DEVICE): readonly number[] {
  const taken: number[] = []
  for (let hash = catalog.take({ priorities, priorityOf }); hash !== undefined; hash = catalog.take({ priorities, priorityOf })) {
    taken.push(Number.parseInt(hash.slice(-8), 16))
    catalog.remove(hash)
  }
  return taken
}

describe('the catalog of local bytes', () => {
  it('sums up what is here', () => {
    const catalog = new Catalog('lru')
    catalog.put(hashOf(1), { sizeBytes: 10, isSpare: true }, 'normal')
    catalog.put(hashOf(2), { sizeBytes: 5, isSpare: false }, 'normal')
    catalog.put(hashOf(1), { sizeBytes: 12, isSpare: true }, 'normal')
    expect([catalog.items, catalog.usedBytes]).toEqual([2, 17])
    catalog.remove(hashOf(1))
    catalog.remove(hashOf(1))
    expect([catalog.items, catalog.usedBytes]).toEqual([1, 5])
  })

  // R-044 R-173
  it('gives up first what was read longest ago', () => {
    const catalog = new Catalog('lru')
    for (const n of [1, 2, 3, 4]) catalog.put(hashOf(n), { sizeBytes: 1, isSpare: true }, 'normal')
    catalog.use(hashOf(1))
    catalog.use(hashOf(3))
    expect(takeAll(catalog)).toEqual([2, 4, 1, 3])
  })

  //
  it('gives up first what came first, however often it was read', () => {
    const catalog = new Catalog('fifo')
    for (const n of [1, 2, 3]) catalog.put(hashOf(n), { sizeBytes: 1, isSpare: true }, 'normal')
    catalog.use(hashOf(1))
    expect(takeAll(catalog)).toEqual([1, 2, 3])
  })

  // R-053 R-054
  it('gives up what is low before anything that is normal', () => {
    const catalog = new Catalog('lru')
    for (const n of [1, 2, 3, 4]) catalog.put(hashOf(n), { sizeBytes: 1, isSpare: true }, n % 2 === 0 ? 'low' : 'normal')
    expect(takeAll(catalog, (hash) => (Number.parseInt(hash.slice(-8), 16) % 2 === 0 ? 'low' : 'normal'))).toEqual([2, 4, 1, 3])
  })

  // R-052 R-136
  it('gives up what is high only when that is asked for, and last', () => {
    const catalog = new Catalog('lru')
    const priorityOf = (hash: BlobHash): Priority => (hash === hashOf(1) ? 'high' : 'normal')
    for (const n of [1, 2]) catalog.put(hashOf(n), { sizeBytes: 1, isSpare: true }, priorityOf(hashOf(n)))
    expect(takeAll(catalog, priorityOf, BY_LIMIT)).toEqual([2])
    expect(takeAll(catalog, priorityOf, BY_DEVICE)).toEqual([1])
  })

  it('follows a priority that changed', () => {
    const catalog = new Catalog('lru')
    for (const n of [1, 2, 3]) catalog.put(hashOf(n), { sizeBytes: 1, isSpare: true }, 'normal')
    const priorities = new Map<BlobHash, Priority>([[hashOf(3), 'low'], [hashOf(1), 'high']])
    for (const [hash, priority] of priorities) catalog.reprioritize(hash, priority)
    expect(takeAll(catalog, (hash) => priorities.get(hash) ?? 'normal', BY_LIMIT)).toEqual([3, 2])
  })

  it('never gives up what no remote has', () => {
    const catalog = new Catalog('lru')
    catalog.put(hashOf(1), { sizeBytes: 1, isSpare: true }, 'normal')
    catalog.put(hashOf(2), { sizeBytes: 1, isSpare: false }, 'normal')
    catalog.put(hashOf(1), { sizeBytes: 1, isSpare: false }, 'normal')
    expect(takeAll(catalog)).toEqual([])
    catalog.put(hashOf(2), { sizeBytes: 1, isSpare: true }, 'normal')
    expect(takeAll(catalog)).toEqual([2])
  })

  it('keeps the order of an earlier session', () => {
    const catalog = new Catalog('lru')
    catalog.put(hashOf(1), { sizeBytes: 1, isSpare: true, added: 1, used: 9 }, 'normal')
    catalog.put(hashOf(2), { sizeBytes: 1, isSpare: true, added: 2, used: 4 }, 'normal')
    catalog.put(hashOf(3), { sizeBytes: 1, isSpare: true }, 'normal')
    expect(takeAll(catalog)).toEqual([2, 1, 3])
  })

  it('agrees with a plain sort, whatever happened', () => {
    const step = fc.tuple(fc.constantFrom('put', 'use', 'spare', 'claim', 'low', 'high', 'remove'), fc.integer({ min: 0, max: 12 }))
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const catalog = new Catalog('lru')
      const priorities = new Map<BlobHash, Priority>()
      const model = new Map<number, { used: number; isSpare: boolean }>()
      let clock = 0
      for (const [what, n] of steps) {
        const hash = hashOf(n)
        const known = model.get(n)
        if (what === 'put' && known === undefined) {
          model.set(n, { used: (clock += 1), isSpare: true })
          catalog.put(hash, { sizeBytes: n, isSpare: true }, priorities.get(hash) ?? 'normal')
        } else if (what === 'use' && known !== undefined) {
          known.used = clock += 1
          catalog.use(hash)
        } else if ((what === 'spare' || what === 'claim') && known !== undefined) {
          known.isSpare = what === 'spare'
          catalog.put(hash, { sizeBytes: n, isSpare: known.isSpare }, priorities.get(hash) ?? 'normal')
        } else if (what === 'low' || what === 'high') {
          priorities.set(hash, what)
          catalog.reprioritize(hash, what)
        } else if (what === 'remove') {
          model.delete(n)
          catalog.remove(hash)
        }
      }
      const rank = (n: number): number => BY_DEVICE.indexOf(priorities.get(hashOf(n)) ?? 'normal')
      const expected = [...model].filter(([, { isSpare }]) => isSpare).sort(([a, x], [b, y]) => rank(a) - rank(b) || x.used - y.used).map(([n]) => n)
      expect(takeAll(catalog, (hash) => priorities.get(hash) ?? 'normal')).toEqual(expected)
    }))
  })
})
