import { describe, it } from 'vitest'
import { blobProviderSuite } from '@bse/core/testing'
import { s3Blobs } from '../../src/index.ts'
import { s3Backend } from '../support/backend.ts'

const backend = s3Backend()

// R-031 R-036 R-037 R-164 R-175 R-232: from 1 MB on in parts, so that one run goes both ways.
blobProviderSuite({ describe, it }, {
  name: 's3',
  open: async () => ({ provider: s3Blobs({ ...backend(), multipartFromBytes: 1_000_000, partBytes: 500_000 }) }),
})
