const MAX_WAIT_MS = 3_600_000

/** `Retry-After` in seconds or as an HTTP date, as a wait from now, which is the server's where it says so: never negative, never over an hour. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  const waitMs = /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), MAX_WAIT_MS)
}

/** `Date` of an answer: a device's own clock may be off by days. */
export function serverNowMs(header: string | null): number | undefined {
  const nowMs = header === null ? NaN : Date.parse(header)
  return Number.isNaN(nowMs) ? undefined : nowMs
}
