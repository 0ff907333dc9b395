import type { ByteRange } from '../provider/cache-store.ts'

export interface ContentRange {
  readonly range: ByteRange
  /** Of the whole; `undefined` where the server does not say. */
  readonly sizeBytes: number | undefined
}

/** Reads `bytes 0-499/1234`; `undefined` for anything that does not describe a part. */
export function parseContentRange(header: string | null): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(header ?? '')
  if (match === null) return undefined
  const [start, last] = [Number(match[1]), Number(match[2])]
  const sizeBytes = match[3] === '*' ? undefined : Number(match[3])
  return last < start || (sizeBytes !== undefined && last >= sizeBytes) ? undefined : { range: { start, end: last + 1 }, sizeBytes }
}

/** The header that asks for a range. */
export function rangeHeader(range: ByteRange): string {
  return `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}`
}
