import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { partBytesFor, planParts } from '../src/part-plan.ts'

const MIB = 1_048_576

describe('the parts of an upload', () => {
  //
  it.each([[1, 8 * MIB, 8 * MIB], [10_000 * 8 * MIB, 8 * MIB, 8 * MIB], [10_000 * 8 * MIB + 1, 8 * MIB, 9 * MIB], [5 * 1024 * 1024 * MIB, 8 * MIB, 525 * MIB]])(
    'of %i bytes have %i bytes where that is possible, else %i', (sizeBytes, wantedBytes, expected) => {
      expect(partBytesFor(sizeBytes, wantedBytes)).toBe(expected)
    },
  )

  it('are never more than 10,000, follow each other without a gap, and have one size but for the last', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 42 }), fc.integer({ min: 5 * MIB, max: 64 * MIB }), (sizeBytes, wantedBytes) => {
      const partBytes = partBytesFor(sizeBytes, wantedBytes)
      const parts = planParts(sizeBytes, partBytes)
      expect(parts.length).toBeLessThanOrEqual(10_000)
      expect([parts[0]?.start, parts.at(-1)?.end]).toEqual([0, sizeBytes])
      for (const [index, part] of parts.entries()) {
        expect(part.partNumber).toBe(index + 1)
        if (index > 0) expect(part.start).toBe(parts[index - 1]?.end)
        if (index < parts.length - 1) expect(part.end - part.start).toBe(partBytes)
      }
    }), { numRuns: 50 })
  })
})
