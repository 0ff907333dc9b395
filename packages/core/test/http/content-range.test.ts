import { describe, expect, it } from 'vitest'
import { parseContentRange, rangeHeader } from '../../src/http/content-range.ts'

describe('Content-Range', () => {
  it.each<readonly [string | null, unknown]>([
    ['bytes 0-0/1', { range: { start: 0, end: 1 }, sizeBytes: 1 }],
    ['bytes 5-9/100', { range: { start: 5, end: 10 }, sizeBytes: 100 }],
    ['bytes 5-9/*', { range: { start: 5, end: 10 }, sizeBytes: undefined }],
    ['bytes 5-4/100', undefined],
    ['bytes 5-100/100', undefined],
    ['bytes */100', undefined],
    ['items 0-1/2', undefined],
    ['bytes 0-1/2, 3-4/5', undefined],
    ['', undefined],
    [null, undefined],
  ])('reads %j', (header, expected) => {
    expect(parseContentRange(header)).toEqual(expected)
  })

  it('asks for a range by its last byte', () => {
    expect([rangeHeader({ start: 0, end: 1 }), rangeHeader({ start: 5 })]).toEqual(['bytes=0-0', 'bytes=5-'])
  })
})
