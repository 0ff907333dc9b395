import { it } from 'vitest'
import { growthOverLargeFile } from './large-file.ts'
import { serveFixtures } from './real-chromium.ts'

const openChromium = serveFixtures()

// F-11 X-016
it('puts and reads a gibibyte in a Chromium, and takes no more than 150 MiB over idle', async () => {
  const growthBytes = await growthOverLargeFile(await openChromium(), 1024 * 1024 * 1024)
  console.log(`private memory of the renderers grew by ${(growthBytes / 1_048_576).toFixed(1)} MiB`)
})
