import { expect, it } from 'vitest'
import { protocols } from './protocols.ts'
import { runCuts } from './run.ts'
import { seeded } from './seeded.ts'
import { complaints } from './verdict.ts'

const RANDOM_CUTS = 10

// R-005 R-174 F-37 F-38
it.each(protocols)('an upload by $name that is cut at any boundary arrives whole, and sends little twice', async (protocol) => {
  const report = await runCuts(protocol, { randomCuts: RANDOM_CUTS, random: seeded(1) })
  expect(report.uploads).toBeGreaterThan(RANDOM_CUTS)
  expect(complaints(report)).toEqual([])
}, 120_000)
