import { expect } from 'vitest'
import type { EnginePage } from './fixtures/real-engine.ts'
import type { RealChromium } from './real-chromium.ts'

declare const page: EnginePage

const MIB = 1024 * 1024
const STEPS = 40

/** Random puts, gets and evictions of random bytes in a real Chromium that has little room. Answers how many writes were refused. */
export async function wanderUnderQuota({ devtools, origin, open }: RealChromium): Promise<number> {
  const tab = await open('real-engine.html')
  await tab.evaluate(() => page.ready())
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 12 * MIB })
  const { refused, wrong } = await tab.evaluate((steps) => page.wander(steps), STEPS)
  expect(wrong).toEqual([])
  await tab.evaluate(() => page.close())
  await tab.close()
  return refused
}
