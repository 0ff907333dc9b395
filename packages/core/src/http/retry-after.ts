const MAX_WAIT_MS = 3_600_000

/** `Retry-After` in seconds or as an HTTP date, as a wait from now: never negative, never over an hour. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  const waitMs = /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), MAX_WAIT_MS)
}
