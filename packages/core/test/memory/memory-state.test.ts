import { describe, expect, it } from 'vitest'
import { memoryState } from '../../src/memory/index.ts'
import { stateStoreSuite } from '../../src/testing/index.ts'

stateStoreSuite({ describe, it }, { name: 'memory', open: memoryState() })

describe('memory state', () => {
  it('tells the updates of a tick as one change', async () => {
    const store = memoryState()('n')
    const changes = store.watch(undefined, { signal: new AbortController().signal })[Symbol.asyncIterator]()
    const first = await changes.next()
    const put = (key: string): Promise<void> => store.update([], () => ({ ops: [{ put: key, value: 1 }], result: undefined }), { durability: 'relaxed' })
    await Promise.all([put('a'), put('b'), put('c')])
    const second = await changes.next()
    expect(second.value).toEqual({ seq: first.value.seq + 1, deletedRanges: [], entries: ['a', 'b', 'c'].map((key) => ({ key, value: 1 })) })
  })

  it('keeps factories apart', async () => {
    const [one, two] = [memoryState()('n'), memoryState()('n')]
    await one.update([], () => ({ ops: [{ put: 'a', value: 1 }], result: undefined }), { durability: 'relaxed' })
    expect(await two.get(['a'])).toEqual([undefined])
  })
})
