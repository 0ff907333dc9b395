import { cacheStoreSuite } from '@bse/core/testing'
import { describe, it } from 'vitest'
import { opfsCache } from '../src/index.ts'

//
cacheStoreSuite({ describe, it }, { name: 'opfs', open: opfsCache() })

function noWorker(): Worker {
  throw new Error('no worker to be had')
}
cacheStoreSuite({ describe, it }, { name: 'opfs without a worker', open: opfsCache({ directory: 'fallback', worker: noWorker }) })
