import { hasCode } from '../errors.ts'
import type { Clock } from '../provider/environment.ts'
import { blameOf } from './failure.ts'
import { MAX_RETRY_AFTER_MS } from './backoff.ts'

/** The longest wait between two looks whether a host is back. Half of it is jitter: some forty looks in an hour. */
const MAX_PAUSE_MS = 120_000
const FIRST_PAUSE_MS = 500

/**
 * Patience with one host, shared by all who send to it: while it is away only one try at a time finds out whether it is back, and not
 * one for each thing that waits. Runs on monotonic time.
 */
export class HostPause {
  readonly #clock: Clock
  readonly #random: () => number
  #failures = 0
  #untilMs = 0
  /** The host's own wish. */
  #askedUntilMs = -Infinity

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  /** The last answer was none: whoever tries next, tries for all. */
  get isAway(): boolean {
    return this.#failures > 0
  }

  /** How long nobody tries; 0 when it is time. With `graceMs` for who lets another go first. */
  remainingMs(graceMs: number = 0): number {
    return this.isAway ? Math.max(0, this.#untilMs + graceMs - this.#clock.monotonicMs()) : 0
  }

  /** Names a try that begins now. */
  begin(): number {
    return this.#failures
  }

  answered(): void {
    this.#failures = 0
  }

  /** Tries that were on their way together fail together, and count as one. What says nothing of the host changes nothing. */
  failed(begun: number, error: unknown): void {
    if (!isOfHost(error) || begun !== this.#failures) return
    this.#failures += 1
    const capMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures - 1, 30))
    const askedMs = Math.min(MAX_RETRY_AFTER_MS, Math.max(0, blameOf(error).retryAfterMs ?? 0))
    const ownMs = Math.round((capMs / 2) * (1 + this.#random()))
    const nowMs = Math.ceil(this.#clock.monotonicMs())
    this.#askedUntilMs = askedMs > 0 ? nowMs + askedMs : -Infinity
    this.#untilMs = Math.max(nowMs + ownMs, this.#askedUntilMs)
  }

  /** It may be back: the next try is due, and still one for all. What the host asked for is waited for all the same. */
  hurry(): void {
    this.#untilMs = this.#askedUntilMs
  }
}

/** No answer, or one that is not about what was sent. */
function isOfHost(error: unknown): boolean {
  return hasCode(error, 'NETWORK') || hasCode(error, 'OFFLINE') || hasCode(error, 'RATE_LIMITED') || hasCode(error, 'UNAUTHORIZED')
}
