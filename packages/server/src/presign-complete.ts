import { BseError, type BlobHash, type PresignAnswers, type PresignRequest } from '@bse/core/wire'
import type { ObjectHead } from './object-bucket.ts'
import { objectKey } from './object-key.ts'
import { inBucket, isGone, isKnownStored, uploadGone, uploadKey, writableSpace, type PresignCall } from './presign-actions.ts'
import { S3Error, storageError } from './s3-error.ts'
import { hashOfStream } from './stream-hash.ts'

type Asked = Extract<PresignRequest, { readonly do: 'complete' }>

/**
 * Makes an upload a blob. Its parts are put together, the whole is read back and hashed, and that very version is copied to its place: an object
 * under a hash is always what the hash names. Every step may have happened before, in a try whose answer was lost.
 */
export async function completeUpload(call: PresignCall, asked: Asked): Promise<PresignAnswers['complete']> {
  const { hash, sizeBytes } = asked
  const space = await writableSpace(call, asked)
  const key = uploadKey(call, space, hash, asked.upload)
  await join(call, key, asked)
  const found = await inBucket('complete', () => call.bucket.head(key))
  if (found === undefined) {
    if (await isKnownStored(call, space, hash, sizeBytes)) return { hash, sizeBytes, verified: 'sha256' }
    throw uploadGone()
  }
  if (found.sizeBytes !== sizeBytes) throw await refused(call, key, hash, undefined)
  if (call.trust) return { hash, sizeBytes, verified: 'size' }
  await verify(call, key, found, hash)
  await inBucket('complete', () => call.bucket.copyVersion(key, found.etag, objectKey({ space, hash })))
  await discard(call, key)
  return { hash, sizeBytes, verified: 'sha256' }
}

async function join(call: PresignCall, key: string, { parts, upload }: Asked): Promise<void> {
  const { uploadId } = upload
  if (uploadId === undefined) return
  try {
    const finished = parts ?? (await call.bucket.listParts(key, uploadId))
    await call.bucket.completeUpload(key, uploadId, finished)
  } catch (error) {
    // Completed by an earlier try, perhaps; else its object is missing, which is seen next.
    if (isGone(error)) return
    if (error instanceof S3Error && INVALID_PARTS.has(error.code)) throw uploadGone()
    throw storageError('complete', error)
  }
}

/** What the client took for its parts is not what the bucket has. */
const INVALID_PARTS: ReadonlySet<string> = new Set(['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall', 'MalformedXML'])

async function verify(call: PresignCall, key: string, { etag }: ObjectHead, hash: BlobHash): Promise<void> {
  const actual = await inBucket('complete', async () => hashOfStream(await call.bucket.getVersion(key, etag)))
  if (actual !== hash) throw await refused(call, key, hash, actual)
}

async function refused(call: PresignCall, key: string, expected: BlobHash, actual: BlobHash | undefined): Promise<BseError> {
  // Where the client is trusted, others may hold the place by now.
  if (!call.trust) await discard(call, key)
  return new BseError('HASH_MISMATCH', 'presign: other bytes than the hash names', { expected, actual })
}

/** What cannot be removed now is removed by the bucket's rule for what waits too long; nothing depends on it. */
async function discard(call: PresignCall, key: string): Promise<void> {
  await call.bucket.delete(key).catch((error: unknown) => {
    call.logger?.warn('an upload could not be removed', { code: error instanceof S3Error ? error.code : undefined })
  })
}
