import { BseError, type BlobHash } from '@bse/core/wire'

/** What a request wants to do. Listing and asking for existence are acts of their own: a hash is a name, not a permission. */
export type BlobAction =
  | { readonly kind: 'read'; readonly hash: BlobHash }
  /** `sizeBytes` and `type` are what the client says, and only a presign endpoint is told them before the bytes. */
  | { readonly kind: 'write'; readonly hash: BlobHash; readonly sizeBytes?: number; readonly type?: string }
  | { readonly kind: 'list' }

/** The space (tenant) in which the action may happen, or why it may not. */
export type Grant = { readonly space: string } | { readonly refuse: 'unauthorized' | 'forbidden' }

/**
 * Decides about one action of one request. A stat or a batch asks once for each hash. A refused `read` is answered like a
 * blob that is not there, so an answer never tells that somebody else has it.
 */
export type Authorize = (request: Request, action: BlobAction) => Grant | Promise<Grant>

/** What the surrounding server knows and a `Request` does not carry. */
export interface RequestContext {
  /** The peer of the connection, as the socket names it. Without it nobody counts as local. */
  readonly remoteAddress?: string | undefined
}

const LOOPBACK_V4 = /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/
const LOOPBACK_HOST = /^(?:(?:[a-z0-9-]+\.)*localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

/**
 * The rule without `authorize`: programs on this machine only. The host name is looked at too, since a page of a foreign site
 * can make its own name resolve to 127.0.0.1; and a proxy on this machine, which speaks for strangers, announces itself.
 */
export function loopbackGrant(request: Request, context: RequestContext): Grant {
  const address = context.remoteAddress ?? ''
  const isLocalPeer = address === '::1' || LOOPBACK_V4.test(address)
  const isLocalName = LOOPBACK_HOST.test(new URL(request.url).hostname)
  const isProxied = request.headers.has('forwarded') || request.headers.has('x-forwarded-for')
  return isLocalPeer && isLocalName && !isProxied ? { space: 'default' } : { refuse: 'forbidden' }
}

/** @throws BseError `UNAUTHORIZED` or `FORBIDDEN`; for a forbidden read `NOT_FOUND`, exactly as for a blob that is not there. */
export function spaceOf(grant: Grant, action: BlobAction): string {
  if ('space' in grant) return grant.space
  if (grant.refuse === 'unauthorized') throw new BseError('UNAUTHORIZED', 'blobs: credentials are missing or expired', {})
  if (action.kind === 'read') throw notFound(action.hash)
  throw new BseError('FORBIDDEN', 'blobs: not allowed', {})
}

export function notFound(hash: BlobHash): BseError {
  return new BseError('NOT_FOUND', 'blobs: not here', { what: 'blob', id: hash })
}
