import { describe, expect, it } from 'vitest'
import { memoryState } from '../../src/memory/index.ts'
import type { MutationRecord } from '../../src/model/mutation.ts'
import { enqueue, type EnqueueDeps } from '../../src/mutation/enqueue.ts'
import { mutationKey } from '../../src/state/keys.ts'
import { readMutation } from '../../src/state/records.ts'
import { blobHashFromHex, type MutationOp } from '../../src/wire/index.ts'

const ref = (digit: string): MutationOp['values'] => ({ image: { hash: blobHashFromHex(digit.repeat(64)), sizeBytes: 1, type: '' } })
const update = (values: MutationOp['values']): MutationOp => ({ kind: 'update', table: 'photos', rowId: 'a', values, previous: {} })

describe('a write that could be merged', () => {
  it('goes behind one that holds blobs which it did not know of', async () => {
    const state = memoryState()('enqueue')
    const deps: EnqueueDeps = { state, references: { count: () => 1 }, policy: { remoteIds: ['r'] } }
    const write = (id: string, op: MutationOp, mergeWith: Parameters<typeof enqueue>[1]['mergeWith']): ReturnType<typeof enqueue> =>
      enqueue(deps, { id, ops: [op], blobs: [], mergeWith, createdAtMs: 0, admitted: { sizeBytes: 1, assertRoomAfter: () => undefined } })
    await write('m1', update({ title: 'x' }), undefined)
    // Another tab merges a blob into it, which this tab's picture does not show yet.
    await write('m2', update(ref('a')), { seq: 1, queuedSoFar: 1, hashes: [] })
    const third = await write('m3', update(ref('b')), { seq: 1, queuedSoFar: 1, hashes: [] })
    expect(third).toMatchObject({ id: 'm3', seq: 2 })
    const [first] = await state.get([mutationKey(1)])
    expect((readMutation(first) as MutationRecord).ops[0]?.values).toEqual({ title: 'x', ...ref('a') })
  })
})
