import { expect, it } from 'vitest'
import { withLocal } from '../../src/ledger/entry.ts'
import { changeEntry } from '../../src/ledger/ledger.ts'
import { memoryCache, memoryState } from '../../src/memory/index.ts'
import { ledgerKey } from '../../src/state/keys.ts'
import { readLedgerEntry } from '../../src/state/records.ts'
import { eraseAcknowledged } from '../../src/storage/wipe.ts'

// F-89 F-90
it('leaves the record of bytes that a tab is about to publish, which are nowhere else on record', async () => {
  const [state, cache] = [memoryState()('wipe'), memoryCache()('wipe')]
  const staged = await cache.stage(new Blob(['late']), { owner: 'tab' })
  await changeEntry(state, { ...staged, type: '' }, (entry) => ({ ...withLocal(entry, 'staged', false), stageId: staged.stageId }), { durability: 'relaxed' })
  // The other tab goes on between two steps of the wipe.
  await eraseAcknowledged(state, { ...cache, sweep: async (isAlive) => {
    await cache.publish(staged)
    await cache.sweep(isAlive)
  } })
  expect(await cache.get(staged.hash)).toBeDefined()
  const [value] = await state.get([ledgerKey(staged.hash)])
  expect(readLedgerEntry(value)?.local).toBe('staged')
})
