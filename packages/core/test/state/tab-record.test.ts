import { expect, it } from 'vitest'
import { memoryLocks, memoryState } from '../../src/memory/index.ts'
import type { StateStore } from '../../src/provider/index.ts'
import { tabKey } from '../../src/state/keys.ts'
import { registerTab } from '../../src/state/tab-record.ts'

// F-3: what a tab staged is swept by its record, so the record has to be there after a power cut, as the staged files are.
it('registers a tab by an update that a power cut does not take back', async () => {
  const store = memoryState()('tab-record')
  const updates: string[] = []
  const state: StateStore = {
    ...store,
    update: (read, decide, options) => {
      updates.push(options.durability)
      return store.update(read, decide, options)
    },
  }
  const lock = await registerTab(memoryLocks(), state, 'tab-record', 'a', new AbortController().signal)
  expect(updates).toEqual(['strict'])
  expect(await store.get([tabKey('a')])).toEqual([1])
  lock.release()
})
