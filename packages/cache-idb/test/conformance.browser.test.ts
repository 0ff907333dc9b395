import { cacheStoreSuite } from '@bse/core/testing'
import { describe, it } from 'vitest'
import { idbCache } from '../src/index.ts'

cacheStoreSuite({ describe, it }, { name: 'idb', open: idbCache() })
