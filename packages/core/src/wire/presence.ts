import { isBlobHash, type BlobHash } from './blob-hash.ts'
import { isJsonObject } from './json.ts'

/** The field of the awareness state that this is in. */
export const PRESENCE_FIELD = 'blobs'

/** Sets up to `literalCount` are named whole. Of larger ones only the last `recentCount` are. What is said by others is read up to the same sizes. */
export const PRESENCE_LIMITS = { literalCount: 500, recentCount: 100, urlChars: 2_048 } as const

interface AnnouncedBlobs {
  /** All of them; or, where there is a `count`, the last that came. */
  readonly blobHashes: readonly BlobHash[]
  /** How many there are, where they are not all named. */
  readonly count?: number
  /** The digest of the whole set, as `SetDigest` makes it. Beside `count`. */
  readonly root?: string
}

/** What a device or a server says of the blobs it has. */
export type BlobAwareness = ({ readonly type: 'browser' } & AnnouncedBlobs) | ({ readonly type: 'server'; readonly url: string } & AnnouncedBlobs)

const ROOT = /^[0-9a-f]{64}$/

/**
 * What somebody unknown has announced; `undefined` for anything that is not exactly so or larger than we would say it. A copy with the known keys
 * only. Takes no more steps than the limits allow, whatever it is given.
 */
export function parseBlobAwareness(value: unknown): BlobAwareness | undefined {
  if (!isJsonObject(value)) return undefined
  const blobs = parseBlobs(own(value, 'blobHashes'), own(value, 'count'), own(value, 'root'))
  if (blobs === undefined) return undefined
  const type = own(value, 'type')
  if (type === 'browser') return { type, ...blobs }
  const url = own(value, 'url')
  return type === 'server' && typeof url === 'string' && url.length <= PRESENCE_LIMITS.urlChars ? { type, url, ...blobs } : undefined
}

function parseBlobs(hashes: unknown, count: unknown, root: unknown): AnnouncedBlobs | undefined {
  if (!Array.isArray(hashes)) return undefined
  const isCompact = count !== undefined || root !== undefined
  if (hashes.length > (isCompact ? PRESENCE_LIMITS.recentCount : PRESENCE_LIMITS.literalCount)) return undefined
  if (!hashes.every(isBlobHash)) return undefined
  const blobHashes = [...hashes]
  if (!isCompact) return { blobHashes }
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < blobHashes.length) return undefined
  return typeof root === 'string' && ROOT.test(root) ? { blobHashes, count, root } : undefined
}

/** Nothing that an object inherits is ever read. */
function own(value: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(value, key)?.value
}
