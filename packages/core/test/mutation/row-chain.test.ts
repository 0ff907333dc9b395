import { describe, expect, it } from 'vitest'
import { RowChain, type ChainedRow } from '../../src/mutation/row-chain.ts'

const row = (key: string, kind: ChainedRow['kind']): ChainedRow => ({ key, kind })

/** Lets everything happen that waits for nothing. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('writes of several rows', () => {
  it('commit after the earlier writes of all of their rows', async () => {
    const chain = new RowChain()
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const done: string[] = []
    void chain.run([row('a', 'insert')], new AbortController(), () => first.promise.then(() => void done.push('a')))
    void chain.run([row('b', 'insert')], new AbortController(), () => second.promise.then(() => void done.push('b')))
    const both = chain.run([row('a', 'update'), row('b', 'update')], undefined, async () => void done.push('both'))
    first.resolve()
    await settle()
    expect(done).toEqual(['a'])
    second.resolve()
    await both
    expect(done).toEqual(['a', 'b', 'both'])
  })

  it('hold back what follows them until all before is done, though they have failed', async () => {
    const chain = new RowChain()
    const slow = Promise.withResolvers<void>()
    const done: string[] = []
    void chain.run([row('slow', 'insert')], new AbortController(), () => slow.promise.then(() => void done.push('slow')))
    chain.run([row('bad', 'insert')], new AbortController(), () => Promise.reject(new Error('no'))).catch(() => undefined)
    const both = chain.run([row('slow', 'update'), row('bad', 'update')], undefined, async () => void done.push('both'))
    both.catch(() => undefined)
    const after = chain.run([row('slow', 'update')], new AbortController(), async () => void done.push('after'))
    await settle()
    expect(done).toEqual([])
    slow.resolve()
    await after
    await expect(both).rejects.toMatchObject({ code: 'DEPENDENCY_FAILED' })
    expect(done).toEqual(['slow', 'after'])
    expect(chain.isBusy('slow') || chain.isBusy('bad')).toBe(false)
  })

  it('fail every later write of a row whose insert has failed, however long the line', async () => {
    const chain = new RowChain()
    const commits = [
      chain.run([row('a', 'insert')], new AbortController(), () => Promise.reject(new Error('no'))),
      ...['update', 'update', 'upsert'].map((kind) => chain.run([row('a', kind as 'update')], new AbortController(), async () => kind)),
    ]
    const outcomes = await Promise.allSettled(commits)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected'])
  })

  it('are not taken back by the deletion of one row, as a single insert is', async () => {
    const chain = new RowChain()
    const alone = new AbortController()
    void chain.run([row('a', 'insert')], alone, () => Promise.resolve())
    const batch = chain.run([row('b', 'insert'), row('c', 'insert')], undefined, async () => 'stored')
    await Promise.all(['a', 'b'].map((key) => chain.run([row(key, 'delete')], new AbortController(), () => Promise.resolve())))
    expect(alone.signal.aborted).toBe(true)
    expect(await batch).toBe('stored')
  })
})

describe('writes that refer to rows', () => {
  //
  it('commit after the earlier writes of those rows, and fail with their inserts', async () => {
    const chain = new RowChain()
    const album = Promise.withResolvers<void>()
    const done: string[] = []
    chain.run([row('album', 'insert')], new AbortController(), () => album.promise).catch(() => undefined)
    const photo = chain.run([row('photo', 'insert')], new AbortController(), async () => void done.push('photo'), ['album'])
    photo.catch(() => undefined)
    await chain.run([row('other', 'insert')], new AbortController(), async () => void done.push('other'), ['photo of nobody'])
    await settle()
    expect(done).toEqual(['other'])
    album.reject(new Error('no room'))
    await expect(photo).rejects.toMatchObject({ code: 'DEPENDENCY_FAILED' })
    expect(done).toEqual(['other'])
  })

  it('do not wait for each other in a circle', async () => {
    const chain = new RowChain()
    const done: string[] = []
    const first = chain.run([row('a', 'insert')], new AbortController(), async () => void done.push('a'), ['b'])
    const second = chain.run([row('b', 'insert')], new AbortController(), async () => void done.push('b'), ['a', 'b'])
    await Promise.all([first, second])
    expect(done).toEqual(['a', 'b'])
  })
})
