import { BseError, type BlobHash } from '@bse/core/wire'
import { notFound } from './authorize.ts'
import { spaceFor, type BlobCall } from './blob-call.ts'
import type { BlobKey } from './blob-storage.ts'
import { SNIFF_BYTES } from './media-type.ts'
import { etagOf, ifRangeHolds, noneMatchHits } from './preconditions.ts'
import { selectRange, type SelectedRange } from './range.ts'
import { readBody } from './request-body.ts'

/** Up to this size a body is read at once: a stream costs more than the bytes. */
const AT_ONCE_BYTES = 65_536

/** GET and HEAD of one blob: whole, one range of it, or 304. */
export async function getBlob(call: BlobCall, hash: BlobHash): Promise<Response> {
  const key: BlobKey = { space: await spaceFor(call, { kind: 'read', hash }), hash }
  const sizeBytes = await sizeOf(call, key)
  const etag = etagOf(hash)
  const headers = new Headers({ etag, 'cache-control': call.cacheControl, 'accept-ranges': 'bytes' })
  if (noneMatchHits(call.request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers })
  const media = await call.mediaTypes.of(hash, () => readPart(call, key, 0, Math.min(SNIFF_BYTES, sizeBytes)))
  headers.set('content-type', media.type)
  if (!media.inline) headers.set('content-disposition', 'attachment')
  return answerRange(call, key, sizeBytes, headers, rangeOf(call.request, etag, sizeBytes))
}

async function sizeOf(call: BlobCall, key: BlobKey): Promise<number> {
  const state = await call.store.head(key)
  if (state.is === 'gone') throw new BseError('GONE', 'blobs: collected', { hash: key.hash })
  if (state.is === 'absent') throw notFound(key.hash)
  return state.sizeBytes
}

/** HEAD describes the whole blob: RFC 9110 defines Range for GET only. */
function rangeOf(request: Request, etag: string, sizeBytes: number): SelectedRange {
  const applies = request.method === 'GET' && ifRangeHolds(request.headers.get('if-range'), etag)
  return selectRange(applies ? request.headers.get('range') : null, sizeBytes)
}

async function answerRange(call: BlobCall, key: BlobKey, sizeBytes: number, headers: Headers, range: SelectedRange): Promise<Response> {
  if (range.is === 'unsatisfiable') throw new BseError('RANGE_INVALID', 'blobs: outside of the blob', { sizeBytes })
  const { start, end } = range.is === 'part' ? range : { start: 0, end: sizeBytes }
  if (range.is === 'part') headers.set('content-range', `bytes ${start}-${end - 1}/${sizeBytes}`)
  headers.set('content-length', String(end - start))
  const status = range.is === 'part' ? 206 : 200
  if (call.request.method === 'HEAD') return new Response(null, { status, headers })
  const body = end - start <= AT_ONCE_BYTES ? await readPart(call, key, start, end) : await openPart(call, key, start, end)
  return new Response(body as BodyInit, { status, headers })
}

async function openPart(call: BlobCall, key: BlobKey, start: number, end: number): Promise<ReadableStream<Uint8Array>> {
  const body = await call.store.read(key, { start, end })
  if (body === undefined) throw notFound(key.hash)
  return body
}

async function readPart(call: BlobCall, key: BlobKey, start: number, end: number): Promise<Uint8Array> {
  return start === end ? new Uint8Array() : readBody(await openPart(call, key, start, end))
}
