/** One fetch that several may wait for. It goes on while anybody does, and ends when the last of them has given up. */
export class SharedFetch {
  readonly #abort: AbortController = new AbortController()
  readonly #done: Promise<void>
  #waiting = 0
  #makesRoom = false

  constructor(start: (fetch: SharedFetch, signal: AbortSignal) => Promise<void>, closing: AbortSignal) {
    this.#done = start(this, AbortSignal.any([closing, this.#abort.signal]))
  }

  get isGivenUp(): boolean {
    return this.#abort.signal.aborted
  }

  /** Somebody wants to see the bytes: others may go for them when the device is full. */
  get makesRoom(): boolean {
    return this.#makesRoom
  }

  /** @throws what the fetch failed with, or the signal's reason. */
  async wait(signal: AbortSignal, makesRoom: boolean): Promise<void> {
    this.#makesRoom ||= makesRoom
    this.#waiting += 1
    try {
      await abortable(this.#done, signal)
    } finally {
      this.#waiting -= 1
      if (this.#waiting === 0) this.#abort.abort(new DOMException('Nobody waits for these bytes any more', 'AbortError'))
    }
  }
}

/** Waits for shared work no longer than the signal lets it; the work itself goes on for the others. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
