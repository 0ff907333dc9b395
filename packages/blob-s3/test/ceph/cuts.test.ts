import { describe, expect, it } from 'vitest'
import { cutLines, placesOfParts, placesOfWhole } from '../support/cut-lines.ts'
import { randomTask } from '../support/stubs.ts'

const lines = cutLines()
const SIZE_BYTES = 600_000
const PART_BYTES = 150_000
const PARALLEL = 3

// F-37 F-38 R-005 R-175: the full sweep is in cuts.long.test.ts.
describe('an upload over a line that is cut', () => {
  it('arrives when it goes whole, wherever the cut is', async () => {
    for (const cut of placesOfWhole(SIZE_BYTES, 6)) {
      const { happened, isWhole, sentBytes } = await lines.upload(await randomTask(SIZE_BYTES), { multipartFromBytes: SIZE_BYTES + 1 }, cut)
      const where = `${cut.line} ${cut.place.part} ${cut.place.after}`
      expect([where, happened, isWhole, sentBytes <= 2 * SIZE_BYTES]).toEqual([where, true, true, true])
    }
  }, 120_000)

  it('arrives when it goes in parts, and sends no more again than was on its way', async () => {
    const options = { multipartFromBytes: 1, partBytes: PART_BYTES, parallelParts: PARALLEL }
    for (const cut of placesOfParts(SIZE_BYTES, PART_BYTES, 6)) {
      const { happened, isWhole, sentBytes } = await lines.upload(await randomTask(SIZE_BYTES), options, cut)
      const where = `${cut.line} ${cut.place.part} ${cut.place.after}`
      expect([where, happened, isWhole, sentBytes <= SIZE_BYTES + PARALLEL * PART_BYTES]).toEqual([where, true, true, true])
    }
  }, 120_000)
})
