import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseSize } from '../../src/schema/index.ts'
import { errorOf } from './support.ts'

//
it.each([
  ['500MB', 500_000_000], ['1GB', 1_000_000_000], ['64KB', 64_000], ['64 kb', 64_000], ['2TB', 2_000_000_000_000], ['7B', 7],
  ['1.5GB', 1_500_000_000], ['1.001KB', 1_001], ['1.10KB', 1_100], ['0.3MB', 300_000], ['1.0000KB', 1_000], ['7.0B', 7], [1234, 1234], [0, 0],
])('reads the size %s', (size, bytes) => {
  expect(parseSize(size)).toBe(bytes)
})

it.each([
  '', 'MB', '500', '500 M', '500MiB', '-1KB', '1e3KB', ' 1KB', '1KB ', '1.5B', '1.0001KB', '1,5GB', '99999TB', '1  KB', '1.KB', 'KB1',
  -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53,
])('refuses the size %s', (size) => {
  expect(errorOf('CONFIG_INVALID', () => parseSize(size, 'cache.maxSize')).details).toEqual({ option: 'cache.maxSize' })
})

it('reads whole and decimal sizes exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 0, max: 999_999 }), (whole, fraction) => {
      expect(parseSize(`${whole}.${String(fraction).padStart(6, '0')}MB`)).toBe(whole * 1_000_000 + fraction)
    }),
  )
})
