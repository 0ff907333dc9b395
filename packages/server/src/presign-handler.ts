import type { Logger } from '@bse/core/provider'
import { BseError, type PresignAnswers, type PresignRequest } from '@bse/core/wire'
import { errorAnswer, guardHeaders, jsonAnswer } from './answers.ts'
import { loopbackGrant, type Authorize, type RequestContext } from './authorize.ts'
import type { BlobHandler } from './blob-handler.ts'
import { report } from './blob-call.ts'
import { corsHeaders, preflight, refuseForeignWrite, type AllowedOrigins } from './cors.ts'
import { rejected } from './http-status.ts'
import { completeUpload } from './presign-complete.ts'
import { abortUpload, createUpload, listParts, signGet, signPart, signPut, statObjects, type PresignCall } from './presign-actions.ts'
import { parsePresignRequest } from './presign-request.ts'
import { countedBody, readBody, refuseEncodedBody } from './request-body.ts'
import type { S3Bucket } from './s3-bucket.ts'
import type { WasCollected } from './tombstones.ts'

export interface PresignHandlerOptions {
  readonly bucket: S3Bucket
  /** Left out: only programs on this machine are served, all of them in the space `default`. */
  readonly authorize?: Authorize | undefined
  /** Of one blob. Default 2 GiB; more than 5 GiB cannot be copied to its place. */
  readonly maxBytes?: number | undefined
  /** How long a signed request may wait before it is begun, in milliseconds. Default and most: 5 minutes for writing, 15 for reading. */
  readonly ttlMs?: number | undefined
  /**
   * True: bytes are taken for what the client calls them, nothing is read back. Only where every writer is you. Default false: what comes is
   * read back, hashed, and copied to its place when it is right.
   */
  readonly trust?: boolean | undefined
  /** Whether a blob that is not in the bucket was collected: a `stat` says so then. A `get` cannot, the bucket answers it. */
  readonly wasCollected?: WasCollected | undefined
  /** Pages of other origins that may ask. Default: none. */
  readonly origins?: AllowedOrigins | undefined
  readonly logger?: Logger | undefined
}

/** Ten thousand parts with their tags. */
const MAX_BODY_BYTES = 1_048_576
const DEFAULT_MAX_BYTES = 2_147_483_648
const COPY_MAX_BYTES = 5_368_709_120

/**
 * One route for uploads and downloads that go straight to a bucket: POST of a `PresignRequest`, wherever it is mounted. The bucket's keys never
 * leave this handler; what leaves it are requests for one object each, signed for a short time. Never throws. `docs/spec/wire.md` is the contract.
 *
 * @throws BseError `CONFIG_INVALID` for more bytes than can be verified.
 */
export function createPresignHandler(options: PresignHandlerOptions): BlobHandler {
  const { authorize, bucket, logger, maxBytes = DEFAULT_MAX_BYTES, origins = [], trust = false, ttlMs, wasCollected } = options
  if (!trust && maxBytes > COPY_MAX_BYTES) throw new BseError('CONFIG_INVALID', 'server: no bucket copies more than 5 GiB', { option: 'maxBytes' })
  const shared = { bucket, logger, maxBytes, trust, ttlMs, wasCollected }
  return async (request, context: RequestContext = {}) => {
    const grant: PresignCall['grant'] = async (action) => (authorize === undefined ? loopbackGrant(request, context) : authorize(request, action))
    const response = await answer({ ...shared, request, grant }, origins)
    guardHeaders(response.headers, typeof origins === 'function' || origins.length > 0)
    corsHeaders(response.headers, request, origins)
    return response
  }
}

async function answer(call: PresignCall, origins: AllowedOrigins): Promise<Response> {
  try {
    if (call.request.method === 'OPTIONS') return preflight(call.request, origins)
    if (call.request.method !== 'POST') throw rejected(405, 'wants POST')
    refuseForeignWrite(call.request, origins)
    if (!/^application\/json\b/i.test(call.request.headers.get('content-type') ?? '')) throw rejected(415, 'wants application/json')
    refuseEncodedBody(call.request)
    const asked = parsePresignRequest(await readBody(countedBody(call.request, MAX_BODY_BYTES)))
    return jsonAnswer(200, await perform(call, asked))
  } catch (error) {
    report(call, error)
    return errorAnswer(error)
  }
}

function perform(call: PresignCall, asked: PresignRequest): Promise<PresignAnswers[PresignRequest['do']]> {
  switch (asked.do) {
    case 'stat':
      return statObjects(call, asked.hashes)
    case 'get':
      return signGet(call, asked)
    case 'put':
      return signPut(call, asked)
    case 'create':
      return createUpload(call, asked)
    case 'part':
      return signPart(call, asked)
    case 'list':
      return listParts(call, asked)
    case 'complete':
      return completeUpload(call, asked)
    case 'abort':
      return abortUpload(call, asked)
  }
}
