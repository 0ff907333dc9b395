/** The strong entity tag of a blob: its hash, since nothing else can ever be behind it. */
export function etagOf(hash: string): string {
  return `"${hash}"`
}

/** `If-None-Match`: true when the client has this representation, by weak comparison. */
export function noneMatchHits(header: string | null, etag: string): boolean {
  if (header === null) return false
  if (header.trim() === '*') return true
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag)
}

/** `If-Range`: false (send the whole) for another tag, a weak one, or a date, which a blob does not have. */
export function ifRangeHolds(header: string | null, etag: string): boolean {
  return header === null || header.trim() === etag
}
