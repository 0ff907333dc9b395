import { expect, it } from 'vitest'
import { growthOverLargeFile, MOST_BYTES } from './large-file.ts'
import { serveFixtures } from './real-chromium.ts'

const openChromium = serveFixtures()

// F-11 X-016: a gibibyte in memory.long.test.ts
it('puts and reads 64 MiB in a Chromium, and takes no more than 150 MiB over idle', { timeout: 120_000 }, async () => {
  const { putBytes, readBytes } = await growthOverLargeFile(await openChromium(), 64 * 1024 * 1024)
  expect(Math.max(putBytes, readBytes)).toBeLessThanOrEqual(MOST_BYTES)
})
