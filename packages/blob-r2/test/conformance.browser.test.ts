import { describe, it } from 'vitest'
import { commands } from 'vitest/browser'
import { blobProviderSuite } from '@bse/core/testing'
import { r2Blobs } from '../src/index.ts'

const headers = { authorization: 'Bearer open sesame' }

// with real CORS.
blobProviderSuite({ describe, it }, {
  name: 'r2 by a Worker, in a page',
  open: async () => ({ provider: r2Blobs({ endpoint: `${(await commands.r2Worker()).url}/blobs`, headers }) }),
})
