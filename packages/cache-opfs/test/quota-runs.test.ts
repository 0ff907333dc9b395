import { it } from 'vitest'
import { wanderUnderQuota } from './quota-runs.ts'
import { serveFixtures } from './real-chromium.ts'

const openChromium = serveFixtures()

// X-007 F-23 F-8: fifty of them in quota-runs.long.test.ts
it('evicts nothing that no server has, and counts what is here to the byte, in a Chromium with little room', { timeout: 120_000 }, async () => {
  await wanderUnderQuota(await openChromium())
})
