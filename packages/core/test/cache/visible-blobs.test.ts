import { describe, expect, it, vi } from 'vitest'
import type { PrefetchOutcome } from '../../src/cache/prefetcher.ts'
import { VisibleBlobs } from '../../src/cache/visible-blobs.ts'
import type { RemoteRef } from '../../src/provider/index.ts'
import type { BlobHash } from '../../src/wire/index.ts'

interface Fetch {
  readonly hash: BlobHash
  readonly signal: AbortSignal
  end(outcome: PrefetchOutcome): void
}

function ref(n: number): RemoteRef {
  return { hash: `sha256:${n.toString(16).padStart(64, '0')}`, sizeBytes: 1, type: '' }
}

const refs = (...numbers: readonly number[]): readonly RemoteRef[] => numbers.map(ref)

function view(): { readonly visible: VisibleBlobs; readonly fetches: Fetch[]; readonly asked: () => readonly number[]; readonly closing: AbortController } {
  const fetches: Fetch[] = []
  const closing = new AbortController()
  const visible = new VisibleBlobs({
    closing: closing.signal,
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    prefetch: ({ hash }, signal) => new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
      fetches.push({ hash, signal, end: resolve })
    }),
  })
  return { visible, fetches, asked: () => fetches.map(({ hash }) => Number.parseInt(hash.slice(-8), 16)), closing }
}

describe('blobs in view', () => {
  // R-049 R-185
  it('are fetched four at a time, what came into view last first', async () => {
    const { visible, fetches, asked } = view()
    visible.show(refs(1, 2, 3, 4, 5, 6))
    expect(asked()).toEqual([6, 5, 4, 3])
    visible.show(refs(7))
    fetches[0]?.end('fetched')
    await vi.waitFor(() => expect(asked()).toEqual([6, 5, 4, 3, 7]))
    fetches[1]?.end('skipped')
    await vi.waitFor(() => expect(asked()).toEqual([6, 5, 4, 3, 7, 2]))
  })

  it('are fetched no longer once they left, whether their fetch has begun or not', async () => {
    const { visible, fetches, asked } = view()
    const leave = visible.show(refs(1, 2, 3, 4, 5))
    const stays = visible.show(refs(2))
    leave()
    leave()
    expect(fetches.map(({ signal }) => signal.aborted)).toEqual([true, true, true, false])
    visible.show(refs(9))
    await vi.waitFor(() => expect(asked()).toEqual([5, 4, 3, 2, 9]))
    stays()
    expect(fetches[3]?.signal.aborted).toBe(true)
  })

  it('are tried again when the network may be back, and only those that failed', async () => {
    const { visible, fetches, asked } = view()
    visible.show(refs(1, 2))
    fetches[0]?.end('failed')
    fetches[1]?.end('fetched')
    await vi.waitFor(() => {
      visible.retry()
      expect(asked()).toEqual([2, 1, 2])
    })
  })

  it('are left alone when the engine closes', async () => {
    const { visible, fetches, closing } = view()
    visible.show(refs(1, 2, 3, 4, 5))
    closing.abort()
    expect(fetches.every(({ signal }) => signal.aborted)).toBe(true)
    visible.retry()
    await Promise.resolve()
    expect(fetches).toHaveLength(4)
  })
})
