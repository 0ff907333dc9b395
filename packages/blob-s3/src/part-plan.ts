import { BseError } from '@bse/core/wire'

/** What S3 takes of one upload. */
const MAX_PARTS = 10_000
const GRAIN_BYTES = 1_048_576

export interface PlannedPart {
  /** From 1. */
  readonly partNumber: number
  readonly start: number
  readonly end: number
}

/** The size of parts for a blob: the wanted one, more only where there would be too many. */
export function partBytesFor(sizeBytes: number, wantedBytes: number): number {
  if (sizeBytes <= wantedBytes * MAX_PARTS) return wantedBytes
  return Math.ceil(sizeBytes / MAX_PARTS / GRAIN_BYTES) * GRAIN_BYTES
}

/** Parts of one size, but for the last. @throws BseError `CONFIG_INVALID` for a size that is none. */
export function planParts(sizeBytes: number, partBytes: number): readonly PlannedPart[] {
  if (!Number.isSafeInteger(partBytes) || partBytes < 1) throw new BseError('CONFIG_INVALID', 'blob-s3: no size of a part', { option: 'partBytes' })
  const count = Math.max(1, Math.ceil(sizeBytes / partBytes))
  return Array.from({ length: count }, (_, index) => ({ partNumber: index + 1, start: index * partBytes, end: Math.min(sizeBytes, (index + 1) * partBytes) }))
}
