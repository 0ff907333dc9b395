import { describe, expect, it } from 'vitest'
import type { ShapePlace } from '../src/cursor.ts'
import { readCursor, writeCursor } from '../src/cursor.ts'
import { isPast, isVisible } from '../src/proof.ts'
import { Settler } from '../src/settler.ts'
import { planTables } from '../src/table-plan.ts'

const place: ShapePlace = { handle: 'h', offset: '5_0', snapshot: undefined, seen: [] }
const token = { txid: 871, lsn: '1000', tables: ['photos'] }
const waiting = (id: string): ReadonlyMap<string, { txid: number; lsn: string; tables: string[] }> => new Map([[id, { ...token, tables: [...token.tables] }]])

describe('a snapshot', () => {
  it.each([
    [99, true], [100, false], [101, true], [102, false], [103, true], [104, false], [2 ** 32 - 1, true],
  ])('shows what had committed before it: transaction %i', (txid, shown) => {
    expect(isVisible(txid, { xmin: '100', xmax: '104', running: ['100', '102'] })).toBe(shown)
  })

  it('knows the lower half of an id beyond 32 bits', () => {
    const snapshot = { xmin: '8589934600', xmax: '8589934604', running: ['8589934602'] }
    expect([7, 8, 10, 11, 12].map((txid) => isVisible(txid, snapshot))).toEqual([true, true, false, true, false])
    expect(isVisible(2 ** 32 - 1, snapshot)).toBe(true)
  })
})

describe('a transaction has passed', () => {
  it.each([
    ['it was among the messages', { place: { ...place, seen: [870, 871] }, seenLsn: undefined }, true],
    ['the snapshot shows it', { place: { ...place, snapshot: { xmin: '900', xmax: '900', running: [] } }, seenLsn: undefined }, true],
    ['the service is behind its place', { place, seenLsn: 1_000n }, true],
    ['none of them', { place: { ...place, seen: [872], snapshot: { xmin: '871', xmax: '871', running: [] } }, seenLsn: 999n }, false],
  ])('when %s', (_, progress, expected) => {
    expect(isPast(progress, token)).toBe(expected)
  })
})

describe('a write', () => {
  it('is contained when all of its tables have passed it, and told once', () => {
    const settler = new Settler(['photos', 'albums'], () => 0)
    settler.add('m1', { ...token, tables: ['photos', 'albums'] })
    settler.progress('photos', { place: { ...place, seen: [871] }, seenLsn: undefined }, true)
    expect(settler.settle(new Map())).toEqual([])
    expect([...settler.waitingFor()]).toEqual(['albums'])
    settler.progress('albums', { place, seenLsn: 1_000n }, true)
    expect(settler.settle(new Map())).toEqual([{ id: 'm1', as: 'contained' }])
    expect(settler.settle(waiting('m1'))).toEqual([])
  })

  // F-6
  it('is known by what the cursor remembers of before the crash', () => {
    const plans = planTables([{ name: 'photos', columns: [] }], {}, undefined)
    const places = readCursor(writeCursor(new Map([['photos', { ...place, seen: [871] }]]), plans), plans)
    const settler = new Settler(['photos'], () => 0)
    settler.progress('photos', { place: places.get('photos') ?? place, seenLsn: undefined }, false)
    expect(settler.settle(waiting('m1'))).toEqual([{ id: 'm1', as: 'contained' }])
  })

  it('counts as contained in the end where nothing can be proven', () => {
    let nowMs = 0
    const settler = new Settler(['photos'], () => nowMs)
    const awaiting = new Map([['m1', { another: 'provider' }]])
    const answered = (): readonly unknown[] => {
      settler.progress('photos', { place, seenLsn: 10n ** 19n }, true)
      return settler.settle(awaiting)
    }
    expect(answered()).toEqual([])
    nowMs = 29_999
    expect([answered(), answered()]).toEqual([[], []])
    nowMs = 30_000
    expect(answered()).toEqual([{ id: 'm1', as: 'contained' }])
  })
})

describe('a cursor', () => {
  const shape = { name: 'photos', columns: [{ name: 'title', type: 'string', optional: false }] } as const
  const plans = planTables([shape], {}, undefined)
  const full = { handle: 'h', offset: '5_0', snapshot: { xmin: '1', xmax: '3', running: ['2'] }, seen: [1, 4_294_967_295] }

  it('gives back what was written', () => {
    const stored: unknown = JSON.parse(JSON.stringify(writeCursor(new Map([['photos', full]]), plans)))
    expect(readCursor(stored as never, plans)).toEqual(new Map([['photos', full]]))
  })

  it.each([undefined, null, 7, 'text', [], {}, { version: 2, shapes: {} }, { version: 1, shapes: { photos: null } }])('of somebody else counts as none: %j', (cursor) => {
    expect(readCursor(cursor, plans).size).toBe(0)
  })

  it('does not hold for a table that has another column since', () => {
    const grown = planTables([{ ...shape, columns: [...shape.columns, { name: 'place', type: 'string', optional: true }] }], {}, undefined)
    expect(readCursor(writeCursor(new Map([['photos', full]]), plans), grown).size).toBe(0)
  })
})
