import type { Logger } from '@bse/core/provider'
import { BseError, hashFromPathSegment } from '@bse/core/wire'
import { errorAnswer, guardHeaders } from './answers.ts'
import { loopbackGrant, type Authorize, type RequestContext } from './authorize.ts'
import { batchBlobs } from './batch-blobs.ts'
import { report, type BlobCall } from './blob-call.ts'
import type { BlobStorage } from './blob-storage.ts'
import { corsHeaders, preflight, refuseForeignWrite, type AllowedOrigins } from './cors.ts'
import { getBlob } from './get-blob.ts'
import { rejected } from './http-status.ts'
import { listBlobs } from './list-blobs.ts'
import { MediaTypes } from './media-type.ts'
import { putBlob } from './put-blob.ts'
import { statBlobs } from './stat-blobs.ts'

export interface BlobHandlerOptions {
  readonly store: BlobStorage
  /** Left out: only programs on this machine are served, all of them in the space `default`. */
  readonly authorize?: Authorize | undefined
  /** Of one blob. Default 2 GiB. */
  readonly maxBytes?: number | undefined
  /** Where the routes begin. Default `/blobs`. */
  readonly basePath?: string | undefined
  /** Who may keep an answer: the asking browser only (`private`, the default), or any cache on the way. */
  readonly caching?: 'private' | 'public' | undefined
  /** Pages of other origins that may read and write. Default: none. */
  readonly origins?: AllowedOrigins | undefined
  readonly logger?: Logger | undefined
}

/** `context` carries what a `Request` cannot: without `remoteAddress` and without `authorize` everything is refused. */
export type BlobHandler = (request: Request, context?: RequestContext) => Promise<Response>

const DEFAULT_MAX_BYTES = 2_147_483_648
type Route = (call: BlobCall) => Promise<Response>

/**
 * A content-addressed store over HTTP: `GET HEAD PUT <base>/:hash`, `GET POST <base>`, `POST <base>/stat`. Never throws: each
 * failure is an answer with `{ error }` in its body. `docs/spec/wire.md` is the contract.
 */
export function createBlobHandler(options: BlobHandlerOptions): BlobHandler {
  const { authorize, basePath = '/blobs', caching = 'private', logger, maxBytes = DEFAULT_MAX_BYTES, origins = [], store } = options
  const shared = { store, maxBytes, logger, mediaTypes: new MediaTypes(), cacheControl: `${caching}, max-age=31536000, immutable` }
  return async (request, context = {}) => {
    const grant: BlobCall['grant'] = async (action) => (authorize === undefined ? loopbackGrant(request, context) : authorize(request, action))
    const response = await answer({ ...shared, request, url: new URL(request.url), grant }, basePath, origins)
    guardHeaders(response.headers, typeof origins === 'function' || origins.length > 0)
    corsHeaders(response.headers, request, origins)
    return request.method === 'HEAD' ? new Response(null, response) : response
  }
}

async function answer(call: BlobCall, basePath: string, origins: AllowedOrigins): Promise<Response> {
  try {
    if (call.request.method === 'OPTIONS') return preflight(call.request, origins)
    if (call.request.method === 'PUT' || call.request.method === 'POST') refuseForeignWrite(call.request, origins)
    return await routeOf(call, basePath)(call)
  } catch (error) {
    report(call, error)
    return errorAnswer(error)
  }
}

/** @throws BseError `REJECTED` (404 or 405), `VALIDATION_FAILED` for anything that is no hash. */
function routeOf(call: BlobCall, basePath: string): Route {
  const { pathname } = call.url
  if (pathname !== basePath && !pathname.startsWith(`${basePath}/`)) throw rejected(404, 'no such route')
  const segment = pathname.slice(basePath.length + 1)
  if (segment === '') return byMethod(call, { GET: listBlobs, HEAD: listBlobs, POST: batchBlobs })
  if (segment === 'stat' && call.request.method === 'POST') return statBlobs
  const hash = hashFromPathSegment(segment)
  if (hash === undefined) {
    const issues = [{ column: 'hash', rule: 'type', message: 'wants sha256: and 64 lower-case hex digits' }] as const
    throw new BseError('VALIDATION_FAILED', 'blobs: not a hash', { issues })
  }
  const get: Route = (own) => getBlob(own, hash)
  return byMethod(call, { GET: get, HEAD: get, PUT: (own) => putBlob(own, hash) })
}

function byMethod(call: BlobCall, routes: Readonly<Record<string, Route>>): Route {
  const route = Object.hasOwn(routes, call.request.method) ? routes[call.request.method] : undefined
  if (route === undefined) throw rejected(405, 'no such method here')
  return route
}
