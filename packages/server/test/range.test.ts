import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { selectRange, type SelectedRange } from '../src/range.ts'

const WHOLE: SelectedRange = { is: 'whole' }
const NONE: SelectedRange = { is: 'unsatisfiable' }
const part = (start: number, end: number): SelectedRange => ({ is: 'part', start, end })

// F-73: the cases of RFC 9110, section 14.
const cases: readonly (readonly [header: string | null, sizeBytes: number, expected: SelectedRange])[] = [
  [null, 100, WHOLE],
  ['bytes=0-9', 100, part(0, 10)],
  ['bytes=0-0', 100, part(0, 1)],
  ['bytes=99-', 100, part(99, 100)],
  ['bytes=0-', 100, part(0, 100)],
  ['bytes=10-1000', 100, part(10, 100)],
  ['bytes=-1', 100, part(99, 100)],
  ['bytes=-1000', 100, part(0, 100)],
  ['BYTES=0-9', 100, part(0, 10)],
  ['bytes= 0-9 ', 100, part(0, 10)],
  ['bytes=100-', 100, NONE],
  ['bytes=100-200', 100, NONE],
  ['bytes=-0', 100, NONE],
  ['bytes=0-', 0, NONE],
  ['bytes=-5', 0, WHOLE],
  ['bytes=5-4', 100, WHOLE],
  ['bytes=-', 100, WHOLE],
  ['bytes=', 100, WHOLE],
  ['bytes', 100, WHOLE],
  ['bytes=a-b', 100, WHOLE],
  ['bytes=0x1-2', 100, WHOLE],
  ['bytes=1.5-2', 100, WHOLE],
  ['bytes=--1', 100, WHOLE],
  ['lines=0-9', 100, WHOLE],
  ['bytes=0-1,5-6', 100, WHOLE],
  [`bytes=${'0-9,'.repeat(1_000)}0-9`, 100, WHOLE],
  ['bytes=99999999999999999999999-', 100, NONE],
  [`bytes=${'9'.repeat(400)}-`, 100, NONE],
  [`bytes=0-${'9'.repeat(400)}`, 100, part(0, 100)],
  [`bytes=-${'9'.repeat(400)}`, 100, part(0, 100)],
]

describe('selectRange', () => {
  it.each(cases)('reads %s of %i bytes', (header, sizeBytes, expected) => {
    expect(selectRange(header, sizeBytes)).toEqual(expected)
  })

  it('always stays within the blob', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^bytes=[0-9 ,-]{0,30}$/), fc.nat(1_000), (header, sizeBytes) => {
        const range = selectRange(header, sizeBytes)
        return range.is !== 'part' || (range.start >= 0 && range.start < range.end && range.end <= sizeBytes)
      }),
      { numRuns: 5_000 },
    )
  })

  it('selects what slice selects', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.integer({ min: 1, max: 150 }), (first, extra, sizeBytes) => {
        const bytes = Array.from({ length: sizeBytes }, (_, index) => index)
        const range = selectRange(`bytes=${first}-${first + extra}`, sizeBytes)
        const expected = bytes.slice(first, first + extra + 1)
        return expected.length === 0 ? range.is === 'unsatisfiable' : range.is === 'part' && bytes.slice(range.start, range.end).join() === expected.join()
      }),
    )
  })
})
