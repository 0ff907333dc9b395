import { parseBlobHash, type BlobHash } from './blob-hash.ts'

/** The media type of `POST /blobs`: heads and blobs in turn, see `batch-frame.ts`. */
export const BATCH_CONTENT_TYPE = 'application/vnd.bse.batch'

/** What a server of ours takes at once; a client that stays within never gets a 413 for the shape of its request. */
export const BATCH_LIMITS = { maxBlobBytes: 262_144, maxTotalBytes: 8_388_608, maxCount: 256 } as const

/** Most hashes in one `POST /blobs/stat`. */
export const STAT_MAX_COUNT = 1_000

/** `<base>/<hash>`, with the colon raw: it is legal in a path. */
export function blobPath(hash: BlobHash): string {
  return `/${hash}`
}

/** Reads `:hash` after exactly one percent-decode. Anything but 64 lower-case hex digits behind the prefix is `undefined`. */
export function hashFromPathSegment(segment: string): BlobHash | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(segment)
  } catch {
    return undefined
  }
  return parseBlobHash(decoded) ?? parseBlobHash(`sha256:${decoded}`)
}

/** One page of `GET /blobs`. `next` is opaque; absent on the last page. */
export interface BlobListPage {
  readonly blobs: readonly { readonly hash: BlobHash; readonly sizeBytes: number }[]
  readonly next?: string
}

/** The answer to a batch upload: one entry for each blob, in the order sent. */
export interface BatchAnswer {
  readonly results: readonly { readonly hash: BlobHash; readonly status: 'stored' | 'refused'; readonly code?: string }[]
}

/** The answer to a PUT: what is stored now. A client that does not find its own hash here was not talking to a blob server. */
export interface PutAnswer {
  readonly hash: BlobHash
  readonly sizeBytes: number
}

/** The answer to `POST /blobs/stat`, whose body is a JSON array of hashes: one entry for each, in the order asked. */
export interface StatAnswer {
  readonly results: readonly StatEntry[]
}

export type StatEntry =
  | { readonly hash: BlobHash; readonly is: 'stored'; readonly sizeBytes: number }
  | { readonly hash: BlobHash; readonly is: 'absent' | 'gone' }
