import { describe, it } from 'vitest'
import { commands } from 'vitest/browser'
import { blobProviderSuite } from '@bse/core/testing'
import { s3Blobs } from '../../src/index.ts'

// R-031 R-036 R-037 R-175: with real CORS; from 1 MB on in parts, so that one run goes both ways.
blobProviderSuite({ describe, it }, {
  name: 's3 in a page',
  open: async () => ({ provider: s3Blobs({ ...(await commands.s3Backend()), multipartFromBytes: 1_000_000, partBytes: 500_000 }) }),
})
