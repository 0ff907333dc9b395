import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hasCode } from '../../src/errors.ts'
import { decodeRow, validateInsert, validateUpdate } from '../../src/schema/index.ts'
import { faultsOf, tableOf } from './support.ts'

const table = tableOf({ notes: { id: 'string', text: 'string', data: 'json', size: 'number', count: 'integer', at: 'datetime' } }, 'notes')
const fine = { text: '', data: 0, size: 0, count: 0, at: new Date(0) }

function nested(depth: number): unknown {
  let value: unknown = 0
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value }
  return value
}

function cyclic(): unknown {
  const object: { self?: unknown } = {}
  object.self = [object]
  return object
}

/** A value of 61 objects that takes 2^60 to write out. */
function shared(): unknown {
  let value: unknown = 0
  for (let level = 0; level < 60; level += 1) value = [value, value]
  return value
}

// F-87
it.each([
  ['cyclic', cyclic()], ['too deep', nested(101)], ['shared beyond measure', shared()], ['a bigint', { a: 1n }], ['NaN', [Number.NaN]],
  ['infinite', Number.NEGATIVE_INFINITY], ['undefined inside', { a: undefined }], ['a hole', Array(2)], ['a function', { f: () => 1 }],
  ['a symbol', [Symbol('x')]], ['a Date', { at: new Date(0) }], ['a Map', new Map()], ['bytes', new Uint8Array(2)], ['a Blob', new Blob()],
  ['half a surrogate pair', ['\ud800']], ['half a pair in a key', { '\udc00': 1 }], ['a NUL', { a: 'x\0' }], ['a NUL in a key', { '\0': 1 }],
  ['an own __proto__', JSON.parse('{"a":{"__proto__":{"polluted":1}}}')],
])('refuses json that is or has %s', (_, data) => {
  expect(faultsOf(() => validateInsert(table, { ...fine, data }))).toEqual(['data type'])
})

it.each(['\ud800', 'a\udfffb', 'x\0y'])('refuses text that not every store can hold', (text) => {
  expect(faultsOf(() => validateInsert(table, { ...fine, text }))).toEqual(['text type'])
})

it.each(['😀', '\ufeff', '\u202e', 'Ω≈ç√', "'; DROP TABLE notes", '田中さん', 'a'.repeat(1_000_000)])('keeps unusual text as it is', (text) => {
  expect(validateInsert(table, { ...fine, text }).values.text).toBe(text)
})

it('writes zero for minus zero, as JSON does', () => {
  const { values } = validateInsert(table, { ...fine, data: { list: [-0] }, size: -0, count: -0 })
  expect([values.size, values.count, ...(values.data as { list: number[] }).list].map((zero) => Object.is(zero, 0))).toEqual([true, true, true])
})

it('takes json up to the depth limit', () => {
  expect(validateInsert(table, { ...fine, data: nested(100) }).values.data).toEqual(nested(100))
})

// F-85
it.each(['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}', '{"toString":1}'])('refuses the column names of %s', (json) => {
  const more = JSON.parse(json) as object
  const input = Object.defineProperties({ ...fine }, Object.getOwnPropertyDescriptors(more))
  expect(faultsOf(() => validateInsert(table, input))).toEqual([`${Object.keys(more)[0]} reserved`])
  expect(faultsOf(() => validateUpdate(table, more))).toEqual([`${Object.keys(more)[0]} reserved`])
  const { row } = decodeRow(table, { id: 'a', text: '', data: more as never, size: 1, count: 1, at: '2026-01-01T00:00:00Z' })
  expect(row).toBeDefined()
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

it('does not read columns from a prototype', () => {
  const input = Object.create({ text: 'inherited' }) as object
  Object.assign(input, { ...fine, text: undefined })
  expect(faultsOf(() => validateInsert(table, input))).toEqual(['text required'])
})

it('gives back through JSON exactly what it accepts, or refuses', () => {
  // F-87
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true, withTypedArray: true })
  const value = fc.oneof(anything, fc.jsonValue(), fc.string({ unit: 'binary' }), fc.double(), fc.date({ noInvalidDate: false }))
  fc.assert(
    fc.property(fc.record({ text: value, data: value, size: value, count: value, at: value }), (input) => {
      let values
      try {
        ({ values } = validateInsert(table, input))
      } catch (error) {
        expect(hasCode(error, 'VALIDATION_FAILED')).toBe(true)
        return
      }
      const wire = JSON.parse(JSON.stringify(values)) as typeof values
      expect(wire).toStrictEqual(values)
      const { row, issues } = decodeRow(table, wire, 'a')
      expect(issues).toEqual([])
      expect(row).toEqual({ id: 'a', ...withoutMinusZero(input) })
    }),
    { numRuns: 2_000 },
  )
})

it('accepts every value of the right types', () => {
  const right = fc.record({
    text: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
    data: fc.jsonValue().filter((json) => json !== null && !/\\u0000|\\ud[89a-f]|__proto__/i.test(JSON.stringify(json))),
    size: fc.double({ noNaN: true, noDefaultInfinity: true }),
    count: fc.maxSafeInteger(),
    at: fc.date({ noInvalidDate: true, min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z') }),
  })
  fc.assert(
    fc.property(right, (input) => {
      expect(decodeRow(table, validateInsert(table, input).values, 'a').row).toEqual({ id: 'a', ...withoutMinusZero(input) })
    }),
  )
})

/** JSON has no `-0`, at any depth; nor does it keep the prototype of an object, which `toEqual` does not look at. */
function withoutMinusZero<T>(value: T): T {
  if (typeof value === 'number') return (value + 0) as T
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Array.isArray(value)) return value.map(withoutMinusZero) as T
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutMinusZero(part)])) as T
}
