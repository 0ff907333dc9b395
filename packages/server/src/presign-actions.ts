import type { Logger } from '@bse/core/provider'
import {
  BseError, UPLOAD_GONE, type BlobHash, type PresignAnswers, type PresignRequest, type PresignUpload, type SignedRequest,
} from '@bse/core/wire'
import { spaceOf, type BlobAction, type Grant } from './authorize.ts'
import { mapLimited } from './blob-call.ts'
import { rejected } from './http-status.ts'
import { mediaTypeOf } from './media-type.ts'
import { incomingKey, objectKey } from './object-key.ts'
import { checksumOf, type S3Bucket } from './s3-bucket.ts'
import { S3Error, storageError } from './s3-error.ts'
import type { WasCollected } from './tombstones.ts'

/** What each action is given: who asks, and what the handler was made with. */
export interface PresignCall {
  readonly request: Request
  readonly bucket: S3Bucket
  readonly maxBytes: number
  readonly trust: boolean
  readonly ttlMs: number | undefined
  readonly wasCollected: WasCollected | undefined
  readonly logger: Logger | undefined
  grant(action: BlobAction): Promise<Grant>
}

type Asked<Do extends PresignRequest['do']> = Extract<PresignRequest, { readonly do: Do }>
type AskedBlob = Pick<Asked<'put'>, 'hash' | 'sizeBytes' | 'type'>

const WRITE_TTL_MS = 300_000
const READ_TTL_MS = 900_000
const STATS_AT_ONCE = 32

/** @throws BseError `UNAUTHORIZED`, `FORBIDDEN`; `TOO_LARGE`. */
export async function writableSpace(call: PresignCall, { hash, sizeBytes, type }: AskedBlob): Promise<string> {
  const action = { kind: 'write', hash, sizeBytes, type } as const
  const space = spaceOf(await call.grant(action), action)
  if (sizeBytes > call.maxBytes) throw new BseError('TOO_LARGE', 'presign: larger than the limit', { sizeBytes, limitBytes: call.maxBytes })
  return space
}

/** Whether it is there, for somebody who may know. */
export async function isKnownStored(call: PresignCall, space: string, hash: BlobHash, sizeBytes: number): Promise<boolean> {
  const grant = await call.grant({ kind: 'read', hash })
  if (!('space' in grant) || grant.space !== space) return false
  const found = await inBucket('head', () => call.bucket.head(objectKey({ space, hash })))
  return found?.sizeBytes === sizeBytes
}

/** Where the bytes of an upload go: to their place at once only where the client is trusted. */
export function uploadKey(call: PresignCall, space: string, hash: BlobHash, { id }: PresignUpload): string {
  return call.trust ? objectKey({ space, hash }) : incomingKey({ space, hash }, id)
}

export async function statObjects(call: PresignCall, hashes: readonly BlobHash[]): Promise<PresignAnswers['stat']> {
  const results = await mapLimited(hashes, STATS_AT_ONCE, async (hash) => {
    const grant = await call.grant({ kind: 'read', hash })
    if ('refuse' in grant && grant.refuse === 'unauthorized') spaceOf(grant, { kind: 'read', hash })
    if (!('space' in grant)) return { hash, is: 'absent' } as const
    const key = { space: grant.space, hash }
    const found = await inBucket('stat', () => call.bucket.head(objectKey(key)))
    if (found !== undefined) return { hash, is: 'stored', sizeBytes: found.sizeBytes } as const
    return { hash, is: (await call.wasCollected?.(key)) === true ? 'gone' : 'absent' } as const
  })
  return { results }
}

/** Says nothing about whether it is there: the bucket does. What could run in a page is sent as an attachment of no type. */
export async function signGet(call: PresignCall, { expiresInMs, hash, type }: Asked<'get'>): Promise<PresignAnswers['get']> {
  const action = { kind: 'read', hash } as const
  const space = spaceOf(await call.grant(action), action)
  const media = mediaTypeOf(type)
  const query = {
    'response-content-type': media.type,
    'response-cache-control': 'private, max-age=31536000, immutable',
    ...(media.inline ? {} : { 'response-content-disposition': 'attachment' }),
  }
  const ttlMs = Math.min(Math.max(expiresInMs, 1_000), call.ttlMs ?? READ_TTL_MS, READ_TTL_MS)
  return { request: await signed(call, 'GET', { key: objectKey({ space, hash }), query }, {}, ttlMs) }
}

/** Only a new object may be made, once, with the size and the checksum that were named. */
export async function signPut(call: PresignCall, asked: Asked<'put'>): Promise<PresignAnswers['put']> {
  const space = await writableSpace(call, asked)
  if (await isKnownStored(call, space, asked.hash, asked.sizeBytes)) return { stored: true }
  const upload = { id: crypto.randomUUID() }
  const headers = { 'if-none-match': '*', 'x-amz-checksum-sha256': checksumOf(asked.hash) }
  const signing = { key: uploadKey(call, space, asked.hash, upload), contentLength: asked.sizeBytes }
  return { upload, request: await signed(call, 'PUT', signing, headers, writeTtlMs(call)) }
}

export async function createUpload(call: PresignCall, asked: Asked<'create'>): Promise<PresignAnswers['create']> {
  const space = await writableSpace(call, asked)
  if (await isKnownStored(call, space, asked.hash, asked.sizeBytes)) return { stored: true }
  const id = crypto.randomUUID()
  const uploadId = await inBucket('create', () => call.bucket.createUpload(uploadKey(call, space, asked.hash, { id })))
  return { upload: { id, uploadId } }
}

/** Each part has one length, that of its place in the blob, so that no upload can hold much more than it was begun for. */
export async function signPart(call: PresignCall, asked: Asked<'part'>): Promise<PresignAnswers['part']> {
  const space = await writableSpace(call, asked)
  const { hash, partBytes, partNumber, sizeBytes, upload } = asked
  const contentLength = Math.min(partBytes, sizeBytes - (partNumber - 1) * partBytes)
  if (contentLength <= 0) throw rejected(400, 'no such part')
  const query = { uploadId: upload.uploadId, partNumber: String(partNumber) }
  return { request: await signed(call, 'PUT', { key: uploadKey(call, space, hash, upload), query, contentLength }, {}, writeTtlMs(call)) }
}

export async function listParts(call: PresignCall, asked: Asked<'list'>): Promise<PresignAnswers['list']> {
  const space = await writableSpace(call, asked)
  const { hash, upload } = asked
  try {
    return { parts: await call.bucket.listParts(uploadKey(call, space, hash, upload), upload.uploadId) }
  } catch (error) {
    if (error instanceof S3Error && error.status === 501) return { unlisted: true }
    throw isGone(error) ? uploadGone() : storageError('list', error)
  }
}

export async function abortUpload(call: PresignCall, asked: Asked<'abort'>): Promise<PresignAnswers['abort']> {
  const space = await writableSpace(call, asked)
  try {
    await call.bucket.abortUpload(uploadKey(call, space, asked.hash, asked.upload), asked.upload.uploadId)
  } catch (error) {
    if (!isGone(error)) throw storageError('abort', error)
  }
  return {}
}

export function uploadGone(): BseError {
  return new BseError('REJECTED', 'presign: the upload is gone', { status: 409, reason: UPLOAD_GONE })
}

/** The bucket does not know the upload: aborted, completed, expired, or never begun. */
export function isGone(error: unknown): boolean {
  return error instanceof S3Error && (error.code === 'NoSuchUpload' || error.status === 404)
}

export async function inBucket<T>(operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storageError(operation, error)
  }
}

function writeTtlMs({ ttlMs = WRITE_TTL_MS }: PresignCall): number {
  return Math.min(ttlMs, WRITE_TTL_MS)
}

interface Signing {
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly contentLength?: number
}

async function signed(call: PresignCall, method: 'GET' | 'PUT', { contentLength, key, query = {} }: Signing, headers: Record<string, string>, ttlMs: number): Promise<SignedRequest> {
  const all = contentLength === undefined ? headers : { ...headers, 'content-length': String(contentLength) }
  const url = await call.bucket.presign({ method, key, query, headers: all }, ttlMs)
  return { method, url, headers, expiresInMs: Math.max(1_000, Math.floor(ttlMs / 1_000) * 1_000) }
}
