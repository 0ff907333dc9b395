import { expect, it } from 'vitest'
import { deliver } from './deliver.ts'

// F-38 R-179
it('applies 3,000 deliveries once and in order, though a third comes twice and a third of the answers is lost', async () => {
  const { server, counts } = await deliver(7, 3_000, { duplicated: 0.3, lost: 0.3 })
  expect({ duplicateEffects: server.duplicateEffects, orderBreaks: server.orderBreaks }).toEqual({ duplicateEffects: 0, orderBreaks: 0 })
  expect(server.duplicates).toBeGreaterThan(300)
  expect(server.lostAnswers).toBeGreaterThan(300)
  for (const [id, count] of counts) expect(server.value(id)).toBe(count)
}, 60_000)
