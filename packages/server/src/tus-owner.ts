import { Metadata, type Upload } from '@tus/server'
import { BseError, parseBlobHash, type BlobHash } from '@bse/core/wire'

/** Whose upload it is, and which blob it becomes. Kept with the upload; the client chooses the hash, `authorize` the space. */
export interface UploadOwner {
  readonly space: string
  readonly hash: BlobHash
}

/**
 * The hash that a new upload announces: `hash` in `Upload-Metadata`.
 *
 * @throws BseError `VALIDATION_FAILED`.
 */
export function announcedHash(request: Request): BlobHash {
  const hash = parseBlobHash(metadataOf(request).hash ?? '')
  if (hash !== undefined) return hash
  const issues = [{ column: 'hash', rule: 'type', message: 'Upload-Metadata wants `hash`: sha256: and 64 lower-case hex digits' }] as const
  throw new BseError('VALIDATION_FAILED', 'tus: the upload does not say which blob it is', { issues })
}

function metadataOf(request: Request): Record<string, string | null> {
  try {
    return Metadata.parse(request.headers.get('upload-metadata') ?? undefined)
  } catch {
    // What is no metadata names no hash; the caller says so.
    return {}
  }
}

export function ownerMetadata({ hash, space }: UploadOwner): Record<string, string> {
  return { hash, space }
}

/** `undefined` for an upload that this handler did not create. */
export function ownerOf({ metadata }: Upload): UploadOwner | undefined {
  const hash = parseBlobHash(metadata?.hash ?? '')
  const space = metadata?.space
  return hash === undefined || typeof space !== 'string' ? undefined : { hash, space }
}

/** What a client may see of the metadata: its own word, and not the name of the space. */
export function shownMetadata({ hash }: UploadOwner): string {
  return Metadata.stringify({ hash })
}
