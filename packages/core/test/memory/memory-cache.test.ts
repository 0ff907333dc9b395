import { describe, it } from 'vitest'
import { memoryCache } from '../../src/memory/index.ts'
import { cacheStoreSuite } from '../../src/testing/index.ts'

cacheStoreSuite({ describe, it }, { name: 'memory', open: memoryCache() })
