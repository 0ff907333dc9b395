import { it } from 'vitest'
import { growthOverLargeFile } from './large-file.ts'

// F-11
it('puts and reads a gibibyte with 128 MiB of heap, and grows by no more than 64 MiB', async () => {
  const growthBytes = await growthOverLargeFile(1024 * 1024 * 1024)
  console.log(`resident memory grew by ${(growthBytes / 1_048_576).toFixed(1)} MiB`)
})
