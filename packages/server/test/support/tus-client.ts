import type { BlobHash } from '@bse/core/wire'

export const TUS = { 'tus-resumable': '1.0.0' }

export function metadataOf(hash: string): string {
  return `hash ${Buffer.from(hash).toString('base64')}`
}

/** Where a new upload of so many bytes is. @throws Error unless it was created. */
export async function created(url: string, hash: BlobHash, sizeBytes: number, headers: Record<string, string> = {}): Promise<string> {
  const response = await create(url, { 'upload-length': String(sizeBytes), 'upload-metadata': metadataOf(hash), ...headers })
  const location = response.headers.get('location')
  if (response.status !== 201 || location === null) throw new Error(`not created: ${response.status}`)
  return new URL(location, url).href
}

export function create(url: string, headers: Record<string, string>, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`${url}/files`, { method: 'POST', headers: { ...TUS, ...headers }, body: body ?? null })
}

export function patch(upload: string, offset: number, bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  const own = { ...TUS, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' }
  return fetch(upload, { method: 'PATCH', headers: { ...own, ...headers }, body: bytes })
}

export function head(upload: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(upload, { method: 'HEAD', headers: { ...TUS, ...headers } })
}

export function remove(upload: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(upload, { method: 'DELETE', headers: { ...TUS, ...headers } })
}
