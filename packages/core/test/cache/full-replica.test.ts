import { describe, expect, it, vi } from 'vitest'
import { FullReplica } from '../../src/cache/full-replica.ts'
import { BseError, type RemoteRef } from '../../src/provider/index.ts'
import type { BlobHash } from '../../src/wire/index.ts'

interface Fetch {
  readonly n: number
  readonly signal: AbortSignal
  end(): void
  fail(error: unknown): void
}

function ref(n: number): RemoteRef {
  return { hash: `sha256:${n.toString(16).padStart(64, '0')}`, sizeBytes: 1, type: '' }
}

const numberOf = (hash: BlobHash): number => Number.parseInt(hash.slice(-8), 16)
const refs = (...numbers: readonly number[]): readonly RemoteRef[] => numbers.map(ref)

function replica(options: { readonly here?: readonly number[] } = {}) {
  const fetches: Fetch[] = []
  const pauses: { readonly delayMs: number; run(): void }[] = []
  const wanted = new Set(Array.from({ length: 100 }, (_, n) => n))
  const network = { isFree: true }
  const leading = new AbortController()
  const full = new FullReplica({
    ready: async () => undefined, isHere: (hash) => options.here?.includes(numberOf(hash)) === true, isWanted: (hash) => wanted.has(numberOf(hash)),
    mayFetch: () => network.isFree,
    open: ({ hash }, signal) => new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
      fetches.push({ n: numberOf(hash), signal, end: () => resolve(undefined), fail: reject })
    }),
    clock: {
      nowMs: () => 0, monotonicMs: () => 0,
      timer: (delayMs, run) => {
        const pause = { delayMs, run }
        pauses.push(pause)
        return () => void pauses.splice(pauses.indexOf(pause), 1)
      },
    },
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  })
  const asked = (): readonly number[] => fetches.map(({ n }) => n)
  return { full, fetches, pauses, wanted, network, leading, asked, hears: (numbers: readonly number[]) => vi.waitFor(() => expect(asked()).toEqual(numbers)) }
}

const OFFLINE = new BseError('NETWORK', 'test: nobody answers', { status: undefined })

describe('blobs of columns that are kept whole', () => {
  //
  it('are fetched two at a time, each once, and not those that are here', async () => {
    const { full, fetches, leading, hears } = replica({ here: [2] })
    full.add(refs(9))
    full.begin(refs(1, 2, 3, 4), leading.signal)
    await hears([1, 3])
    fetches[0]?.end()
    await hears([1, 3, 4])
    full.add(refs(1, 2, 3, 4))
    fetches[1]?.end()
    fetches[2]?.end()
    full.add(refs(5))
    await hears([1, 3, 4, 5])
  })

  it('are given up when no row names them any more, and when another tab leads', async () => {
    const { full, fetches, wanted, leading, hears } = replica()
    full.begin(refs(1, 2, 3, 4), leading.signal)
    await hears([1, 2])
    wanted.delete(1)
    wanted.delete(3)
    full.rowsChanged()
    expect(fetches.map(({ signal }) => signal.aborted)).toEqual([true, false])
    await hears([1, 2, 4])
    leading.abort(new Error('another tab leads'))
    expect(fetches.map(({ signal }) => signal.aborted)).toEqual([true, true, true])
    full.add(refs(5))
    full.begin(refs(6), new AbortController().signal)
    await hears([1, 2, 4, 6])
  })

  it('wait together, longer each time, while the network fails; one that nobody has waits alone', async () => {
    const { full, fetches, pauses, leading, hears } = replica()
    full.begin(refs(1, 2, 3), leading.signal)
    await hears([1, 2])
    fetches[0]?.fail(new BseError('NOT_FOUND', 'test: nobody has it', { what: 'blob', id: '1' }))
    await hears([1, 2, 3])
    fetches[1]?.fail(OFFLINE)
    fetches[2]?.fail(OFFLINE)
    await vi.waitFor(() => expect(pauses).toHaveLength(1))
    pauses.shift()?.run()
    await hears([1, 2, 3, 2, 3])
    fetches[3]?.fail(OFFLINE)
    await vi.waitFor(() => expect(pauses[0]?.delayMs).toBeGreaterThan(2_000))
    full.retry()
    expect(pauses).toEqual([])
    await hears([1, 2, 3, 2, 3, 2])
    fetches[4]?.end()
    await hears([1, 2, 3, 2, 3, 2, 1])
  })

  it('wait while the network is dear', async () => {
    const { full, network, leading, hears } = replica()
    network.isFree = false
    full.begin(refs(1), leading.signal)
    await hears([])
    network.isFree = true
    full.retry()
    await hears([1])
  })
})
