import type { Logger } from '../provider/context.ts'
import type { RemoteRef } from '../provider/blob-provider.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { PREFETCH_AT_ONCE, type PrefetchOutcome } from './prefetcher.ts'

export interface VisibleBlobsDeps {
  readonly prefetch: (ref: RemoteRef, signal: AbortSignal) => Promise<PrefetchOutcome>
  readonly logger: Logger
  readonly closing: AbortSignal
}

interface Viewed {
  readonly ref: RemoteRef
  readonly left: AbortController
  viewers: number
  state: 'waiting' | 'fetching' | 'failed' | 'done'
}

/**
 * The blobs of what is on the screen or near it, brought here a few at a time: what came into view last goes first, and what leaves it is not
 * fetched any more, also when its fetch has begun.
 */
export class VisibleBlobs {
  readonly #deps: VisibleBlobsDeps
  readonly #viewed: Map<BlobHash, Viewed> = new Map()
  #fetching = 0

  constructor(deps: VisibleBlobsDeps) {
    this.#deps = deps
  }

  /** Answers a function that says that they left the view; calling it again does nothing. */
  show(refs: readonly RemoteRef[]): () => void {
    const shown = refs.map((ref) => this.#enter(ref))
    this.#fetchNext()
    return () => {
      for (const viewed of shown.splice(0)) this.#leave(viewed)
    }
  }

  /** The network may be back: what failed is tried again. */
  retry(): void {
    for (const viewed of this.#viewed.values()) if (viewed.state === 'failed') viewed.state = 'waiting'
    this.#fetchNext()
  }

  #enter(ref: RemoteRef): Viewed {
    const viewed: Viewed = this.#viewed.get(ref.hash) ?? { ref, left: new AbortController(), viewers: 0, state: 'waiting' }
    viewed.viewers += 1
    // Behind all others in the map: the last to come is the first to be fetched.
    this.#viewed.delete(ref.hash)
    this.#viewed.set(ref.hash, viewed)
    return viewed
  }

  #leave(viewed: Viewed): void {
    viewed.viewers -= 1
    if (viewed.viewers > 0) return
    this.#viewed.delete(viewed.ref.hash)
    viewed.left.abort(new DOMException('It left the view', 'AbortError'))
  }

  #fetchNext(): void {
    if (this.#deps.closing.aborted) return
    const waiting = [...this.#viewed.values()].filter(({ state }) => state === 'waiting')
    while (this.#fetching < PREFETCH_AT_ONCE) {
      const viewed = waiting.pop()
      if (viewed === undefined) return
      void this.#fetch(viewed)
    }
  }

  async #fetch(viewed: Viewed): Promise<void> {
    const { prefetch, closing, logger } = this.#deps
    this.#fetching += 1
    viewed.state = 'fetching'
    try {
      const outcome = await prefetch(viewed.ref, AbortSignal.any([viewed.left.signal, closing]))
      viewed.state = outcome === 'failed' ? 'failed' : 'done'
    } catch (error) {
      viewed.state = 'failed'
      if (!viewed.left.signal.aborted && !closing.aborted) logger.info('could not fetch what is in view', { error: String(error) })
    } finally {
      this.#fetching -= 1
      this.#fetchNext()
    }
  }
}
