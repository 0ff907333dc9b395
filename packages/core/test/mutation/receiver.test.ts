import { afterEach, describe, expect, it, vi } from 'vitest'
import { BseError } from '../../src/errors.ts'
import type { ChangeBatch } from '../../src/provider/index.ts'
import { aborted, batch, broken, del, patch, put, quiet, ReceiverBench, replace, type Awaiting } from './receiver-harness.ts'

let bench: ReceiverBench
afterEach(() => bench.close())

async function run(changes: Parameters<typeof ReceiverBench.open>[0]): Promise<void> {
  bench = await ReceiverBench.open(changes)
  bench.start()
}

/** Follows one script and then stays open. Resolves `through` once everything in it was committed. */
async function follow(script: (awaiting: () => Awaiting) => Iterable<ChangeBatch> | AsyncIterable<ChangeBatch>): Promise<{ readonly through: Promise<void> }> {
  const through = Promise.withResolvers<void>()
  await run(async function* ({ awaiting, signal }) {
    yield* script(awaiting)
    through.resolve()
    await aborted(signal)
  })
  return { through: through.promise }
}

describe('a patch', () => {
  it('builds on the last commit although the picture shows an equal older one', async () => {
    const [a, b] = [{ title: 'a', caption: 'of a' }, { title: 'b', caption: 'of b' }]
    const { through } = await follow(async function* () {
      yield batch([put('r', a)])
      yield batch([put('r', b)])
      yield batch([put('r', a)])
      // Two commits behind: this is the first one, and the next that the picture shows is the second.
      bench.see('r', a)
      bench.see('r', b)
      yield batch([patch('r', { title: 'c' })])
    })
    await through
    expect(await bench.stored('r')).toEqual({ title: 'c', caption: 'of a' })
  })

  it('makes no half row of a row that is not there', async () => {
    const { through } = await follow(function* () {
      yield batch([put('r', { title: 'a' }), del('r'), patch('r', { title: 'late' })])
      yield batch([patch('never', { title: 'late' })])
      yield batch([patch('new', { title: 'late' })], replace('begin'))
      yield batch([put('whole', { title: 'a' }), patch('whole', { caption: 'b' })], replace('end'))
    })
    await through
    for (const rowId of ['r', 'never', 'new']) expect(await bench.stored(rowId), rowId).toBeUndefined()
    expect(await bench.stored('whole')).toEqual({ title: 'a', caption: 'b' })
  })
})

describe('a table that is sent anew', () => {
  it('holds the cursor back and commits it at the end', async () => {
    const during: unknown[] = []
    const { through } = await follow(async function* () {
      yield batch([], { cursor: 1 })
      yield batch([], { ...replace('begin'), cursor: 2 })
      yield batch([put('r', { title: 'a' })], { cursor: null })
      during.push(await bench.cursor(), await bench.stored('r'))
      yield batch([], replace('end'))
    })
    await through
    expect(during).toEqual([1, undefined])
    expect(await bench.cursor()).toBeNull()
    expect(await bench.stored('r')).toEqual({ title: 'a' })
  })

  it('no longer awaits what it was told of, and tells it at the end', async () => {
    const awaited: (readonly string[])[] = []
    const { through } = await follow(async function* (awaiting) {
      await bench.enqueue('m1', { is: 'applied', token: 't1' })
      await bench.enqueue('m2', { is: 'applied', token: 't2' })
      yield batch([], replace('begin'))
      yield batch([], { settled: [{ id: 'm1', as: 'contained' }] })
      awaited.push([...awaiting().keys()])
      expect(await bench.isQueued('m1')).toBe(true)
      yield batch([], replace('end'))
    })
    await through
    expect(awaited).toEqual([['m2']])
    expect(await bench.isQueued('m1')).toBe(false)
    expect(await bench.isQueued('m2')).toBe(true)
  })

  it('awaits again what it was told of when the stream breaks before the end', async () => {
    const awaited: (readonly string[])[] = []
    await run(async function* ({ awaiting, signal }) {
      if (bench.queue.length === 0) await bench.enqueue('m1', { is: 'applied', token: 't1' })
      awaited.push([...awaiting().keys()])
      if (awaited.length === 2) return aborted(signal)
      yield batch([], { ...replace('begin'), settled: [{ id: 'm1', as: 'contained' }], cursor: 1 })
      throw new BseError('NETWORK', 'test: cut', { status: undefined })
    })
    await vi.waitFor(() => expect(bench.waits).toHaveLength(1))
    bench.receiver.resume()
    await vi.waitFor(() => expect(awaited).toEqual([['m1'], ['m1']]))
    expect(await bench.cursor()).toBeUndefined()
  })
})

describe('a stream that breaks', () => {
  it('is opened again no sooner than the server asked for', async () => {
    await run(() => broken(new BseError('RATE_LIMITED', 'test: busy', { retryAfterMs: 8_000 })))
    await vi.waitFor(() => expect(bench.waits).toEqual([8_000]))
  })

  it('is opened again at once when the network is back', async () => {
    let opened = 0
    await run(({ signal }) => {
      opened += 1
      return opened === 1 ? broken(new BseError('NETWORK', 'test: cut', { status: undefined })) : quiet(signal)
    })
    await vi.waitFor(() => expect(bench.waits).toEqual([375]))
    bench.receiver.resume()
    await vi.waitFor(() => expect(opened).toBe(2))
  })

  // F-44
  it('waits longer each time although a batch comes each time, until it has lived for long', async () => {
    let opened = 0
    await run(async function* () {
      opened += 1
      yield batch([put('a', { title: `${opened}` })])
      if (opened === 4) bench.nowMs += 10_000
      throw new BseError('NETWORK', 'test: cut behind the first batch', { status: undefined })
    })
    for (const waits of [[375], [375, 500], [375, 500, 1_000], [375, 500, 1_000, 250]]) {
      await vi.waitFor(() => expect(bench.waits).toEqual(waits))
      bench.receiver.resume()
    }
  })

  it('may break in the very call that opens it', async () => {
    const error = new Error('no stream at all')
    await run(() => {
      throw error
    })
    await vi.waitFor(() => expect(bench.failures).toEqual([error]))
  })
})

describe('a batch that cannot be committed', () => {
  it('ends the stream of the provider, which can clean up', async () => {
    let isCleanedUp = false
    await run(async function* () {
      try {
        await bench.loseLease()
        yield batch([put('r', { title: 'a' })])
        yield batch([])
      } finally {
        isCleanedUp = true
      }
    })
    expect(await bench.ended).toMatchObject({ code: 'LOST_LEASE' })
    expect(isCleanedUp).toBe(true)
    expect(bench.failures).toEqual([])
  })
})
