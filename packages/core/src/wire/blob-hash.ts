import { BseError } from '../errors.ts'

/** The id of a blob: `sha256:` and the 64 lower-case hex digits that `sha256sum` prints for its bytes. */
export type BlobHash = `sha256:${string}`

const HEX = /^[0-9a-f]{64}$/
const PREFIX = 'sha256:'
const FILE_PREFIX = 'sha256-'

/** Both spellings (`sha256:` and the file-name-safe `sha256-`) are read; upper case is refused, so one blob has one name. */
export function parseBlobHash(text: string): BlobHash | undefined {
  const hex = text.startsWith(PREFIX) || text.startsWith(FILE_PREFIX) ? text.slice(PREFIX.length) : undefined
  return hex !== undefined && HEX.test(hex) ? `${PREFIX}${hex}` : undefined
}

export function isBlobHash(value: unknown): value is BlobHash {
  return typeof value === 'string' && value.startsWith(PREFIX) && HEX.test(value.slice(PREFIX.length))
}

/** @throws BseError `CONFIG_INVALID` when `hex` is not 64 lower-case hex digits: a bug of the caller. */
export function blobHashFromHex(hex: string): BlobHash {
  if (!HEX.test(hex)) throw new BseError('CONFIG_INVALID', 'wire.blobHashFromHex: not 64 lower-case hex digits', { option: 'hex' })
  return `${PREFIX}${hex}`
}

export function blobHashFromBytes(digest: Uint8Array): BlobHash {
  let hex = ''
  for (const byte of digest) hex += byte.toString(16).padStart(2, '0')
  return blobHashFromHex(hex)
}

export function hexOf(hash: BlobHash): string {
  return hash.slice(PREFIX.length)
}

/** The name on disk: a colon is not legal in Windows file names. */
export function fileNameOf(hash: BlobHash): string {
  return `${FILE_PREFIX}${hexOf(hash)}`
}
