import { BseError } from '@bse/core/provider'

/** Knows what a store is doing, so that closing it can stop what may be stopped and wait for the rest. */
export class Lifetime {
  readonly #closing = new AbortController()
  readonly #running = new Set<Promise<unknown>>()

  /** Fires with `CLOSED` when the store closes. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** @throws BseError `CLOSED` instead of starting anything once the store is closed. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#closing.signal.throwIfAborted()
    const running = work()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** Resolves when everything that ran has ended. Calling it twice is fine. */
  async end(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(new BseError('CLOSED', 'cache-fs: the store is closed', { what: 'cache' }))
    }
    await Promise.allSettled(this.#running)
  }
}
