import { describe, expect, it } from 'vitest'
import { decodeRow, encodeValue, hashInCell } from '../../src/schema/index.ts'
import type { Column } from '../../src/schema/index.ts'
import type { Json } from '../../src/wire/json.ts'
import { faultsOf, hashOf, photos, refOf } from './support.ts'

const wire = {
  id: 'p1', title: 'Cat', takenAt: '2026-01-02T03:04:05.678Z', familyId: 'smiths', image: refOf('a'), stars: 2, hidden: true, tags: { a: [1] },
}
const column = (name: string): Column => photos.columns.get(name) as Column

describe('decodeRow', () => {
  it('gives dates, references and null for what is missing', () => {
    // R-073 R-076
    expect(decodeRow(photos, wire)).toEqual({
      row: { ...wire, takenAt: new Date('2026-01-02T03:04:05.678Z'), audio: null, ratio: null }, issues: [],
    })
  })

  it('drops columns that the schema does not have', () => {
    expect(decodeRow(photos, { ...wire, extra: 1 }).row).not.toHaveProperty('extra')
  })

  it('reads the constant default where an old row has nothing', () => {
    const { stars: _, ...old } = wire
    expect(decodeRow(photos, old).row?.stars).toBe(0)
    expect(decodeRow(photos, { ...wire, stars: null }).row).toBeUndefined()
  })

  it('reads an unusable value of an optional column as null', () => {
    const { row, issues } = decodeRow(photos, { ...wire, audio: 'nonsense', ratio: 'wide' })
    expect(row).toMatchObject({ audio: null, ratio: null, title: 'Cat' })
    expect(issues).toEqual([
      { column: 'audio', rule: 'type', message: 'is not of type blob' }, { column: 'ratio', rule: 'type', message: 'is not of type number' },
    ])
  })

  it.each([
    ['title', 5], ['takenAt', 'yesterday'], ['takenAt', 5], ['familyId', 5], ['image', hashOf('a')], ['image', { hash: 'x' }], ['stars', 1.5],
    ['stars', '1'], ['hidden', 'true'], ['image', { ...refOf('a'), sizeBytes: -1 }],
  ])('keeps out a row with %s being %j', (name, value) => {
    const { row, issues } = decodeRow(photos, { ...wire, [name]: value })
    expect(row).toBeUndefined()
    expect(issues.map((issue) => `${issue.column} ${issue.rule}`)).toEqual([`${name} type`])
  })

  it('tells a missing value from a wrong one', () => {
    expect(decodeRow(photos, { ...wire, title: null }).issues).toEqual([{ column: 'title', rule: 'required', message: 'is required' }])
    expect(decodeRow(photos, { title: 'x' }).issues.map((issue) => issue.column)).toContain('id')
  })

  it('shows a reference whose hash is still pending', () => {
    const image = { ...refOf('a'), hash: 'pending:1' }
    expect(decodeRow(photos, { ...wire, image }).row?.image).toEqual(image)
    expect(decodeRow(photos, { ...wire, image: { hash: 'pending:1' } }).row).toBeUndefined()
  })

  it('gives rows that nobody can change', () => {
    const { row } = decodeRow(photos, structuredClone(wire))
    expect(Object.isFrozen(row)).toBe(true)
    expect(Object.isFrozen(row?.image)).toBe(true)
    expect(Object.isFrozen((row?.tags as { a: Json }).a)).toBe(true)
  })

  it('survives json of any depth, and bytes', () => {
    // F-87
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as Json
    for (const tags of [deep, new Uint8Array(2) as unknown as Json]) {
      expect(decodeRow(photos, { ...wire, tags })).toMatchObject({ row: { tags: null }, issues: [{ column: 'tags', rule: 'type' }] })
    }
  })
})

describe('encodeValue', () => {
  it('encodes what reads give', () => {
    const { row } = decodeRow(photos, wire)
    for (const [name, value] of Object.entries(row ?? {})) {
      if (name !== 'id') expect(encodeValue(column(name), value)).toEqual((wire as { [name: string]: Json })[name] ?? null)
    }
  })

  it('refuses what the column cannot hold', () => {
    expect(faultsOf(() => encodeValue(column('title'), null))).toEqual(['title required'])
    expect(faultsOf(() => encodeValue(column('stars'), 1.5))).toEqual(['stars type'])
    expect(faultsOf(() => encodeValue(column('image'), new Blob()))).toEqual(['image type'])
  })
})

it('finds the hash in a cell however it is written', () => {
  expect([refOf('a'), { hash: hashOf('a') }, hashOf('a'), `sha256-${'a'.repeat(64)}`].map(hashInCell)).toEqual(Array(4).fill(hashOf('a')))
  expect([null, undefined, 5, 'x', {}, { hash: 5 }, []].map(hashInCell)).toEqual(Array(7).fill(undefined))
})
