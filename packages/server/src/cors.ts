import { rejected } from './http-status.ts'

/** Pages of other origins that may use the blobs: a list of exact origins, or a test of one. Never "all". */
export type AllowedOrigins = readonly string[] | ((origin: string) => boolean)

const EXPOSED = 'ETag, Content-Range, Content-Length, Accept-Ranges, Retry-After, Date'
const METHODS = 'GET, HEAD, PUT, POST'
const REQUEST_HEADERS = 'authorization, content-type, range, if-none-match, if-range'

export function isAllowedOrigin(origin: string, allowed: AllowedOrigins): boolean {
  return typeof allowed === 'function' ? allowed(origin) : allowed.includes(origin)
}

/** Credentials of the browser (cookies) are never allowed: callers bring a header of their own. */
export function corsHeaders(headers: Headers, request: Request, allowed: AllowedOrigins): void {
  headers.append('vary', 'Origin')
  const origin = request.headers.get('origin')
  if (origin === null || !isAllowedOrigin(origin, allowed)) return
  headers.set('access-control-allow-origin', origin)
  headers.set('access-control-expose-headers', EXPOSED)
}

/** The answer to OPTIONS; `corsHeaders` adds the origin. */
export function preflight(request: Request, allowed: AllowedOrigins): Response {
  const origin = request.headers.get('origin')
  if (origin === null) return new Response(null, { status: 204, headers: { allow: `${METHODS}, OPTIONS` } })
  if (!isAllowedOrigin(origin, allowed)) throw rejected(403, 'this origin is not on the list')
  const headers = new Headers({
    'access-control-allow-methods': METHODS,
    'access-control-allow-headers': REQUEST_HEADERS,
    'access-control-max-age': '600',
  })
  if (request.headers.get('access-control-request-private-network') === 'true') headers.set('access-control-allow-private-network', 'true')
  return new Response(null, { status: 204, headers })
}

/**
 * A page of a foreign origin must not write, whether or not its browser asked first. Callers that are no browser send no Origin.
 *
 * @throws BseError `REJECTED` (403).
 */
export function refuseForeignWrite(request: Request, allowed: AllowedOrigins): void {
  const origin = request.headers.get('origin')
  if (origin === null || isAllowedOrigin(origin, allowed)) return
  if (URL.canParse(origin) && new URL(origin).host === new URL(request.url).host) return
  throw rejected(403, 'this origin is not on the list')
}
