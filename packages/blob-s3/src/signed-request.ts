import { BseError, hexOf, isJsonObject, type BlobHash, type SignedRequest } from '@bse/core/wire'
import type { ConfiguredUrl } from '@bse/core/http'

/** What an answer of the presign endpoint must sign; anything else is not sent. */
export interface Expected {
  readonly method: SignedRequest['method']
  readonly hash: BlobHash
  /** Of a part: the very part of the very upload. */
  readonly part?: { readonly uploadId: string; readonly partNumber: number }
}

/** Where bytes may go and come from: one bucket. */
export class StoreUrl {
  readonly #url: ConfiguredUrl

  constructor(url: ConfiguredUrl) {
    this.#url = url
  }

  get remoteId(): string {
    return `s3:${this.#prefix}`
  }

  /**
   * The signed request, when it is for this bucket, this blob, this method and this part, and carries no header that could make it something
   * else. A presign endpoint that was taken over, mixed up or is somebody else's can so neither read the bytes nor misplace them.
   *
   * @throws BseError `REJECTED`.
   */
  check(request: unknown, expected: Expected): SignedRequest {
    if (!isSignedRequest(request)) throw refused('no signed request')
    if (request.method !== expected.method) throw refused('another method')
    if (!URL.canParse(request.url)) throw refused('no URL')
    const url = new URL(request.url)
    if (!this.#holds(url, expected.hash)) throw refused('another place')
    checkPart(url, expected.part)
    checkHeaders(url, request, expected)
    return request
  }

  get #prefix(): string {
    const { origin, pathname } = this.#url.url
    return `${origin}${pathname.replace(/\/+$/, '')}`
  }

  /** Compared as text after the parser has taken out every `..`; the last segment names the blob. */
  #holds(url: URL, hash: BlobHash): boolean {
    const path = `${url.origin}${url.pathname}`
    if (url.username !== '' || url.password !== '' || url.hash !== '' || !isSafe(url)) return false
    return path.startsWith(`${this.#prefix}/`) && path.endsWith(`/${hexOf(hash)}`) && !/%2f|%5c|\\|\/\//i.test(url.pathname)
  }
}

const LOOPBACK = /^(?:(?:[a-z0-9-]+\.)*localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

function isSafe({ hostname, protocol }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

/** A request that is about a part says so, one that is about a whole does not: both would be something else. */
function checkPart({ searchParams }: URL, part: Expected['part']): void {
  const wanted = part === undefined ? [null, null] : [part.uploadId, String(part.partNumber)]
  if (searchParams.get('uploadId') !== wanted[0] || searchParams.get('partNumber') !== wanted[1]) throw refused('another part')
  if (searchParams.getAll('uploadId').length > 1 || searchParams.getAll('partNumber').length > 1) throw refused('another part')
}

/** Signed besides what is listed: what the platform sends by itself. */
const IMPLIED: ReadonlySet<string> = new Set(['host', 'content-length'])
const ALLOWED: ReadonlySet<string> = new Set(['if-none-match', 'x-amz-checksum-sha256'])

/** Only headers of the contract, each signed, and the checksum is that of the blob. */
function checkHeaders({ searchParams }: URL, { headers }: SignedRequest, { hash }: Expected): void {
  const names = Object.keys(headers)
  const signed = (searchParams.get('X-Amz-SignedHeaders') ?? '').split(';').filter((name) => !IMPLIED.has(name))
  if (!names.every((name) => ALLOWED.has(name)) || names.toSorted().join() !== signed.toSorted().join()) throw refused('other headers')
  const checksum = headers['x-amz-checksum-sha256']
  if (checksum !== undefined && checksum !== checksumOf(hash)) throw refused('the checksum of other bytes')
}

function isSignedRequest(value: unknown): value is SignedRequest {
  if (!isJsonObject(value) || typeof value.url !== 'string' || typeof value.method !== 'string' || !isJsonObject(value.headers)) return false
  const { expiresInMs, headers } = value
  return typeof expiresInMs === 'number' && expiresInMs > 0 && Object.values(headers).every((header) => typeof header === 'string')
}

function checksumOf(hash: BlobHash): string {
  return btoa(String.fromCharCode(...(hexOf(hash).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))))
}

function refused(why: string): BseError {
  return new BseError('REJECTED', `blob-s3: the presign endpoint signed something else: ${why}`, { status: undefined, reason: 'presign-refused' })
}
