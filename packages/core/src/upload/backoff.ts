/** How long to wait after failures. Milliseconds. */
export interface BackoffOptions {
  readonly baseMs: number
  readonly maxMs: number
}

/** A server may ask for patience, but not for a day: an absurd `Retry-After` is cut to this. */
export const MAX_RETRY_AFTER_MS = 3_600_000

/**
 * Exponential with full jitter: anywhere between nothing and the cap of this failure, so that a thousand devices that lost one
 * server do not come back together. `failures` counts from 1; `random` is in [0, 1).
 */
export function backoffMs(failures: number, options: BackoffOptions, random: number): number {
  const capMs = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(Math.max(failures, 1) - 1, 30))
  return Math.round(capMs * random)
}

/** What the server asked for, when it is a sane wait; else the backoff. Never shorter than asked, up to the cut. */
export function waitMs(failures: number, retryAfterMs: number | undefined, options: BackoffOptions, random: number): number {
  const ownMs = backoffMs(failures, options, random)
  if (retryAfterMs === undefined || !Number.isFinite(retryAfterMs) || retryAfterMs <= 0) return ownMs
  return Math.max(ownMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS))
}

/**
 * How long until `nextAtMs`; 0 when it is due. Times in records are wall times, and the wall clock of a device may be set back:
 * a wait longer than any that is ever asked for is such a clock's, and over.
 */
export function dueInMs(nextAtMs: number, nowMs: number): number {
  const leftMs = nextAtMs - nowMs
  return leftMs <= 0 || leftMs > MAX_RETRY_AFTER_MS ? 0 : leftMs
}
