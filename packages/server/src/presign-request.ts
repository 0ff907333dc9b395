import { BseError, STAT_MAX_COUNT, isBlobHash, isJsonObject, type Json, type JsonObject, type PresignRequest } from '@bse/core/wire'

const ID = /^[\w-]{16,64}$/
const MAX_PARTS = 10_000
const MAX_TEXT = 1_024

type Check = (value: Json | undefined) => boolean

const isSize: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isText: Check = (value) => typeof value === 'string' && value.length <= MAX_TEXT
const isPartNumber: Check = (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_PARTS
const isUpload: Check = (value) => isJsonObject(value) && typeof value.id === 'string' && ID.test(value.id) && (value.uploadId === undefined || isText(value.uploadId))
const isMultipart: Check = (value) => isUpload(value) && typeof (value as JsonObject).uploadId === 'string'
const isPart: Check = (value) => isJsonObject(value) && isPartNumber(value.partNumber) && isText(value.etag)
const areParts: Check = (value) => value === undefined || (Array.isArray(value) && value.length <= MAX_PARTS && (value as readonly Json[]).every(isPart))

const blob = { hash: isBlobHash, sizeBytes: isSize, type: isText }
const multipart = { ...blob, upload: isMultipart }

/** What each request must look like. Fields beyond these are ignored. */
const SHAPES: { readonly [Do in PresignRequest['do']]: Readonly<Record<string, Check>> } = {
  stat: { hashes: (value) => Array.isArray(value) && value.length <= STAT_MAX_COUNT && (value as readonly Json[]).every(isBlobHash) },
  get: { hash: isBlobHash, type: isText, expiresInMs: isSize },
  put: blob,
  create: blob,
  part: { ...multipart, partNumber: isPartNumber, partBytes: (value) => isSize(value) && (value as number) > 0 },
  list: multipart,
  complete: { ...blob, upload: isUpload, parts: areParts },
  abort: multipart,
}

/** @throws BseError `VALIDATION_FAILED` for anything else than a request of the contract. */
export function parsePresignRequest(body: Uint8Array): PresignRequest {
  const asked = parsed(body)
  if (!isJsonObject(asked) || typeof asked.do !== 'string' || !Object.hasOwn(SHAPES, asked.do)) throw invalid('do', 'no request of this contract')
  const shape = SHAPES[asked.do as PresignRequest['do']]
  for (const [field, check] of Object.entries(shape)) if (!check(asked[field])) throw invalid(field, 'not of the wanted form')
  return asked as PresignRequest
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

function invalid(column: string, message: string): BseError {
  return new BseError('VALIDATION_FAILED', 'presign: not a request of this contract', { issues: [{ column, rule: 'type', message }] })
}
