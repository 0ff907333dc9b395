import { expect, it } from 'vitest'
import { ingest } from '../../src/cache/ingest.ts'
import { blobLocks } from '../../src/cache/locks.ts'
import { memoryCache, memoryLocks, memoryState } from '../../src/memory/index.ts'
import { randomBytes } from '../../src/testing/index.ts'

it('stages nothing before this tab can be told from a dead one, whose staging is swept', async () => {
  const [store, order] = [memoryCache()('ingest'), [] as string[]]
  const deps = {
    state: memoryState()('ingest'), locks: blobLocks(memoryLocks(), 'ingest'), references: { count: () => 0 }, inlineMaxBytes: 100, tabId: 'tab',
    makeRoom: async () => 0, pinnedBytes: () => 0,
    registered: async () => void order.push('registered'),
    store: {
      ...store,
      stage: (...given: Parameters<typeof store.stage>) => {
        order.push('stage')
        return store.stage(...given)
      },
    },
  }
  const ingested = await ingest(deps, [new Blob([randomBytes(3_000)])], new AbortController().signal)
  expect(order).toEqual(['registered', 'stage'])
  await ingested.drop()
})
