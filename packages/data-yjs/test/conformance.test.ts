import { describe, it } from 'vitest'
import { dataProviderSuite } from '@bse/core/testing'
import { YjsHarness } from './support/yjs-harness.ts'

dataProviderSuite({ describe, it }, { name: 'yjs', open: () => YjsHarness.open() })
dataProviderSuite({ describe, it }, { name: 'yjs with batched sends', open: () => YjsHarness.open({ flushDelay: 20 }) })
