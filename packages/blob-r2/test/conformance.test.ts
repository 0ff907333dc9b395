import { afterAll, beforeAll, describe, it } from 'vitest'
import { blobProviderSuite } from '@bse/core/testing'
import { startR2Backend, type R2Backend } from '../../../scripts/services/r2-backend.ts'
import { r2Blobs } from '../src/index.ts'

let backend: R2Backend | undefined
beforeAll(async () => {
  backend = await startR2Backend()
}, 60_000)
afterAll(() => backend?.close())

// R-030 R-034 R-035 R-036 R-037 R-232: by presigned requests, which R2's own endpoint on this machine answers without CORS.
blobProviderSuite({ describe, it }, {
  name: 'r2',
  open: async () => {
    const { presignEndpoint = '', storeUrl = '' } = backend ?? {}
    return { provider: r2Blobs({ accountId: 'a'.repeat(32), bucket: 'media', presignEndpoint, storeUrl }) }
  },
})
