import { expect, it } from 'vitest'
import { growthOverLargeFile, MOST_BYTES } from './large-file.ts'
import { serveFixtures } from './real-chromium.ts'

const openChromium = serveFixtures()

// F-11 X-016
it('puts and reads a gibibyte in a Chromium, and takes no more than 150 MiB over idle', async () => {
  const { putBytes, readBytes } = await growthOverLargeFile(await openChromium(), 1024 * 1024 * 1024)
  expect(Math.max(putBytes, readBytes)).toBeLessThanOrEqual(MOST_BYTES)
})
