import { describe, it } from 'vitest'
import { blobProviderSuite } from '@bse/core/testing'
import { s3Blobs } from '../../src/index.ts'
import { s3Backend } from '../support/backend.ts'

const backend = s3Backend()

// R-031 R-036 R-037 R-164 R-232
blobProviderSuite({ describe, it }, { name: 's3', open: async () => ({ provider: s3Blobs(backend()) }) })

//
blobProviderSuite({ describe, it }, {
  name: 's3 in small parts',
  open: async () => ({ provider: s3Blobs({ ...backend(), multipartFromBytes: 100_000, partBytes: 262_144 }) }),
})
