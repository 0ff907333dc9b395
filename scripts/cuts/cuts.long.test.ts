import { expect, it } from 'vitest'
import { protocols } from './protocols.ts'
import { runCuts } from './run.ts'
import { seeded } from './seeded.ts'

// R-174 F-37
it.each(protocols)('an upload by $name that is cut at any of 200 random bytes arrives whole', async (protocol) => {
  const report = await runCuts(protocol, { randomCuts: 200, random: seeded(2) })
  expect(report.failures).toEqual([])
  expect(report).toMatchObject({ happened: report.cuts, onlyBefore: 0, completed: report.uploads, equal: report.uploads })
  expect(report.extraBytes).toBeLessThanOrEqual(report.boundBytes)
})
