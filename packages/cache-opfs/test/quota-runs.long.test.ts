import { expect, it } from 'vitest'
import { wanderUnderQuota } from './quota-runs.ts'
import { serveFixtures } from './real-chromium.ts'

const openChromium = serveFixtures()

// X-007 F-23 F-8
it('evicts nothing that no server has, and counts what is here to the byte, fifty times in a Chromium with little room', async () => {
  let refused = 0
  for (let run = 1; run <= 50; run += 1) {
    refused += await wanderUnderQuota(await openChromium())
    console.log(`run ${run}: ${refused} writes refused so far`)
  }
  expect(refused).toBeGreaterThan(0)
})
