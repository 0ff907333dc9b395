import { BseError, blobHashFromHex, hexOf, type BlobHash, type BlobListPage } from '@bse/core/wire'
import { jsonAnswer } from './answers.ts'
import { spaceFor, type BlobCall } from './blob-call.ts'
import { etagOf, noneMatchHits } from './preconditions.ts'

const MAX_PAGE = 1_000
const CURSOR = /^after-([0-9a-f]{64})$/

/** One page in order of hash. Blobs that come while somebody pages are met if they sort behind the cursor. */
export async function listBlobs(call: BlobCall): Promise<Response> {
  const space = await spaceFor(call, { kind: 'list' })
  const page = await call.store.list(space, { limit: limitOf(call.url), after: cursorOf(call.url) })
  const last = page.blobs.at(-1)
  const body: BlobListPage = page.more && last !== undefined ? { blobs: page.blobs, next: `after-${hexOf(last.hash)}` } : { blobs: page.blobs }
  const headers = { etag: await tagOf(body), 'cache-control': 'private, no-cache' }
  if (noneMatchHits(call.request.headers.get('if-none-match'), headers.etag)) return new Response(null, { status: 304, headers })
  return jsonAnswer(200, body, headers)
}

function limitOf(url: URL): number {
  const text = url.searchParams.get('limit')
  if (text === null) return MAX_PAGE
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (limit < 1) throw invalid('limit', 'a number from 1 on')
  return Math.min(limit, MAX_PAGE)
}

function cursorOf(url: URL): BlobHash | undefined {
  const text = url.searchParams.get('cursor')
  if (text === null) return undefined
  const hex = CURSOR.exec(text)?.[1]
  if (hex === undefined) throw invalid('cursor', 'a cursor of an earlier page')
  return blobHashFromHex(hex)
}

async function tagOf(body: BlobListPage): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(body))))
  return etagOf(Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join(''))
}

function invalid(column: string, wanted: string): BseError {
  return new BseError('VALIDATION_FAILED', `blobs: wrong ${column}`, { issues: [{ column, rule: 'type', message: `wants ${wanted}` }] })
}
