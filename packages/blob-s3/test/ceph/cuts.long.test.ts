import { expect, it } from 'vitest'
import type { S3BlobsOptions } from '../../src/index.ts'
import { cutLines, placesOfParts, placesOfWhole, type Cut } from '../support/cut-lines.ts'
import { randomTask } from '../support/stubs.ts'

const lines = cutLines()
const SIZE_BYTES = 3_000_000
const PART_BYTES = 500_000
const PARALLEL = 4
const RANDOM_CUTS = 200

async function sweep(what: string, cuts: readonly Cut[], options: Partial<S3BlobsOptions>, extraBytes: number): Promise<void> {
  let [whole, happened, again, worst] = [0, 0, 0, 0]
  for (const cut of cuts) {
    const seen = await lines.upload(await randomTask(SIZE_BYTES), options, cut)
    whole += Number(seen.isWhole)
    happened += Number(seen.happened)
    again += Math.max(0, seen.sentBytes - SIZE_BYTES)
    worst = Math.max(worst, seen.sentBytes - SIZE_BYTES)
  }
  console.log(`${what}: ${cuts.length} cuts, ${happened} happened, ${whole} blobs whole; sent again ${again} bytes, at most ${worst} (allowed ${extraBytes}) for one cut`)
  expect([happened, whole]).toEqual([cuts.length, cuts.length])
  expect(worst).toBeLessThanOrEqual(extraBytes)
}

// F-37 F-38 R-005 R-175
it('arrives whole through a cut at every boundary and at 200 random bytes', () => {
  return sweep('S3, one PUT', placesOfWhole(SIZE_BYTES, RANDOM_CUTS), { multipartFromBytes: SIZE_BYTES + 1 }, SIZE_BYTES)
}, 1_800_000)

it('arrives in parts through a cut at every boundary and at 200 random bytes', () => {
  const options = { multipartFromBytes: 1, partBytes: PART_BYTES, parallelParts: PARALLEL }
  return sweep('S3, multipart', placesOfParts(SIZE_BYTES, PART_BYTES, RANDOM_CUTS), options, PARALLEL * PART_BYTES)
}, 1_800_000)
