import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { r2Blobs } from '@bse/blob-r2'
import { blobProviderSuite } from '@bse/core/testing'
import { startWorker, type RunningWorker } from '../../../scripts/services/workerd.ts'

let worker: RunningWorker | undefined
beforeAll(async () => {
  worker = await startWorker(join(import.meta.dirname, '../src/worker.ts'), { r2Buckets: ['MEDIA'] })
}, 60_000)
afterAll(() => worker?.close())

const headers = { authorization: 'Bearer open sesame' }

// R-030 R-230
blobProviderSuite({ describe, it }, { name: 'r2 by a Worker', open: async () => ({ provider: r2Blobs({ endpoint: `${worker?.url}/blobs`, headers }) }) })
