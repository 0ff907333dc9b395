import { expect, it } from 'vitest'
import { deliver } from './deliver.ts'

// F-38 R-179
it('applies 100,000 deliveries once and in order, though a third comes twice and a third of the answers is lost', async () => {
  const { server, counts } = await deliver(1, 100_000, { duplicated: 0.3, lost: 0.3 })
  expect(server.deliveries).toBeGreaterThanOrEqual(100_000)
  expect({ duplicateEffects: server.duplicateEffects, orderBreaks: server.orderBreaks }).toEqual({ duplicateEffects: 0, orderBreaks: 0 })
  for (const [id, count] of counts) expect(server.value(id)).toBe(count)
})
