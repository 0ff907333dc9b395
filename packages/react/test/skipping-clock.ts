import type { Clock } from '@bse/core/provider'

/** The real time, of which a test may skip some: what waits then runs at once. */
export class SkippingClock implements Clock {
  readonly #waiting: Set<() => void> = new Set()
  #skippedMs = 0

  nowMs(): number {
    return Date.now() + this.#skippedMs
  }

  monotonicMs(): number {
    return performance.now() + this.#skippedMs
  }

  timer(delayMs: number, callback: () => void): () => void {
    const cancel = (): void => {
      clearTimeout(handle)
      this.#waiting.delete(run)
    }
    const run = (): void => {
      cancel()
      callback()
    }
    const handle = setTimeout(run, delayMs)
    this.#waiting.add(run)
    return cancel
  }

  /** Long enough for every grace, and for a grace that begins when another ends. */
  skip(): void {
    for (let round = 0; round < 3; round++) {
      this.#skippedMs += 60_000
      for (const run of [...this.#waiting]) run()
    }
  }
}
