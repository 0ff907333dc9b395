import type { Clock } from '../../src/provider/index.ts'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/** Time that passes only when told. */
export class ManualClock implements Clock {
  readonly #timers: Set<Timer> = new Set()
  #elapsedMs = 0

  get waiting(): number {
    return this.#timers.size
  }

  nowMs(): number {
    return 1_800_000_000_000 + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  timer(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Runs what is due on the way, in order, timers set meanwhile included. */
  advance(byMs: number): void {
    const untilMs = this.#elapsedMs + byMs
    for (;;) {
      const next = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.#elapsedMs = next.atMs
      next.callback()
    }
    this.#elapsedMs = untilMs
  }
}
