import type { Clock } from '../../src/provider/index.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  run(): void
}

/** Time that passes only when the simulator says so. Timers of one instant fire in the order in which they were set. */
export class VirtualTime {
  nowMs = 0
  fired = 0
  readonly #timers: Timer[] = []
  readonly #drain: () => Promise<void>
  #order = 0

  constructor(drain: () => Promise<void>) {
    this.#drain = drain
  }

  timer(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.nowMs + Math.max(0, delayMs), order: (this.#order += 1), run }
    this.#timers.splice(this.#placeOf(timer), 0, timer)
    return () => {
      const at = this.#timers.indexOf(timer)
      if (at >= 0) this.#timers.splice(at, 1)
    }
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.timer(delayMs, resolve))
  }

  /** Lets everything happen that happens until then. Answers false when nothing is left to happen, ever. */
  async advance(durationMs: number, until: () => boolean = () => false): Promise<boolean> {
    const endMs = this.nowMs + durationMs
    await this.#drain()
    while (!until()) {
      const next = this.#timers.at(-1)
      if (next === undefined || next.atMs > endMs) {
        this.nowMs = endMs
        return next !== undefined
      }
      this.#timers.pop()
      this.nowMs = Math.max(this.nowMs, next.atMs)
      this.fired += 1
      next.run()
      await this.#drain()
    }
    return true
  }

  /** Latest first, so that the next one is popped off the end. */
  #placeOf(timer: Timer): number {
    let [low, high] = [0, this.#timers.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#timers[middle]
      if (other !== undefined && (other.atMs > timer.atMs || (other.atMs === timer.atMs && other.order > timer.order))) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The clock of one tab: its wall may jump, and while it is frozen its timers are held. */
export function tabClock(time: VirtualTime, wallOffsetMs: () => number, deliver: (run: () => void) => void): Clock {
  return {
    nowMs: () => 1_800_000_000_000 + time.nowMs + wallOffsetMs(),
    monotonicMs: () => time.nowMs,
    timer: (delayMs, callback) => {
      let cancelled = false
      const cancel = time.timer(delayMs, () => deliver(() => {
        if (!cancelled) callback()
      }))
      return () => {
        cancelled = true
        cancel()
      }
    },
  }
}
