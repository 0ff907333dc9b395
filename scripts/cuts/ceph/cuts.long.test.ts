import { expect, it } from 'vitest'
import { s3Protocols } from '../bucket-protocols.ts'
import { runCuts } from '../run.ts'
import { seeded } from '../seeded.ts'
import { complaints, inWords } from '../verdict.ts'

const RANDOM_CUTS = 200

// R-005 R-175 F-37 F-38
it.each(s3Protocols)('an upload by $name that is cut at any boundary and at any of 200 random bytes arrives whole', async (protocol) => {
  const report = await runCuts(protocol, { randomCuts: RANDOM_CUTS, random: seeded(2) })
  console.log(inWords(report))
  expect(report.uploads).toBeGreaterThan(RANDOM_CUTS)
  expect(complaints(report)).toEqual([])
})
