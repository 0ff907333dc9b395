import { expect, it } from 'vitest'
import { s3Protocols } from '../bucket-protocols.ts'
import { runCuts } from '../run.ts'
import { seeded } from '../seeded.ts'
import { complaints } from '../verdict.ts'

const RANDOM_CUTS = 6
/** Of all that there are; the sweep in cuts.long.test.ts takes each. */
const BOUNDARY_CUTS = 24

// R-005 R-175 F-37 F-38
it.each(s3Protocols)('an upload by $name that is cut at a boundary or a random byte arrives whole, and sends little twice', async (protocol) => {
  const report = await runCuts(protocol, { randomCuts: RANDOM_CUTS, boundaryCuts: BOUNDARY_CUTS, random: seeded(1) })
  expect(report.uploads).toBe(RANDOM_CUTS + BOUNDARY_CUTS)
  expect(complaints(report)).toEqual([])
}, 120_000)
