import { hexOf, type BlobHash, type FinishedPart } from '@bse/core/wire'
import type { ObjectBucket, ObjectHead, ObjectPage, PartedObject } from './object-bucket.ts'
import { S3Error } from './s3-error.ts'
import { S3Signer, type S3BucketOptions, type ToSign } from './s3-signer.ts'
import { completionXml, errorCodeIn, objectsIn, partsIn, uploadIdIn, type PartPage } from './s3-xml.ts'

interface S3Request extends ToSign {
  readonly body?: string | Uint8Array<ArrayBuffer>
}

/** A bucket of any S3: what a storage needs, and what signing for others needs besides. */
export interface S3Bucket extends ObjectBucket {
  presign(request: ToSign, expiresInMs: number): Promise<string>
  createUpload(key: string): Promise<string>
  /** @throws S3Error `NoSuchUpload`; `NotImplemented` where the store cannot list. */
  listParts(key: string, uploadId: string): Promise<PartPage['parts']>
  /** @throws S3Error also for the errors that S3 tells under a 200. */
  completeUpload(key: string, uploadId: string, parts: readonly FinishedPart[]): Promise<void>
  abortUpload(key: string, uploadId: string): Promise<void>
  /** Of the very version that has this tag. @throws S3Error 412 when it is another one by now. */
  getVersion(key: string, etag: string): Promise<ReadableStream<Uint8Array>>
  copyVersion(from: string, etag: string, to: string): Promise<void>
}

/** A bucket that is full may never answer; one that puts 5 GiB together or copies them takes a while. */
const ANSWERS_WITHIN_MS = 120_000

/** The base64 of a SHA-256, as S3 wants it. */
export function checksumOf(hash: BlobHash): string {
  return btoa(String.fromCharCode(...(hexOf(hash).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))))
}

/** @throws BseError `CONFIG_INVALID` for an address that is none. */
export function s3Bucket(options: S3BucketOptions): S3Bucket {
  return new S3HttpBucket(new S3Signer(options), new S3Signer({ ...options, storeUrl: options.publicUrl ?? options.storeUrl }))
}

class S3HttpBucket implements S3Bucket {
  readonly #signer: S3Signer
  readonly #publicSigner: S3Signer

  constructor(signer: S3Signer, publicSigner: S3Signer) {
    this.#signer = signer
    this.#publicSigner = publicSigner
  }

  presign(request: ToSign, expiresInMs: number): Promise<string> {
    return this.#publicSigner.presign(request, expiresInMs)
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    const response = await this.#send({ method: 'HEAD', key })
    if (response.status === 404) return undefined
    if (!response.ok) throw await S3Error.of(response)
    return { sizeBytes: Number(response.headers.get('content-length')), etag: response.headers.get('etag') ?? '' }
  }

  async get(key: string, range?: { readonly start: number; readonly end: number }): Promise<ReadableStream<Uint8Array> | undefined> {
    const headers: Record<string, string> = range === undefined ? {} : { range: `bytes=${range.start}-${range.end - 1}` }
    const response = await this.#send({ method: 'GET', key, headers })
    if (response.status === 404) return dropped(response)
    return bodyOf(response)
  }

  async put(key: string, bytes: Uint8Array<ArrayBuffer>, hash: BlobHash): Promise<void> {
    await this.#text({ method: 'PUT', key, body: bytes, headers: { 'x-amz-checksum-sha256': checksumOf(hash) } })
  }

  async begin(key: string): Promise<PartedObject> {
    const uploadId = await this.createUpload(key)
    const parts: FinishedPart[] = []
    return {
      part: async (partNumber, body) => void parts.push({ partNumber, etag: await this.#putPart(key, uploadId, partNumber, body) }),
      complete: () => this.completeUpload(key, uploadId, parts),
      abort: () => this.abortUpload(key, uploadId),
    }
  }

  async list(prefix: string, { after, limit }: { readonly after: string; readonly limit: number }): Promise<ObjectPage> {
    const query = { 'list-type': '2', prefix, 'max-keys': String(limit), ...(after === '' ? {} : { 'start-after': after }) }
    return objectsIn(await this.#text({ method: 'GET', key: '', query }))
  }

  async createUpload(key: string): Promise<string> {
    const uploadId = uploadIdIn(await this.#text({ method: 'POST', key, query: { uploads: '' } }))
    if (uploadId === undefined) throw new S3Error(200, 'NoUploadId')
    return uploadId
  }

  async listParts(key: string, uploadId: string): Promise<PartPage['parts']> {
    const parts: PartPage['parts'][number][] = []
    for (let marker: string | undefined = '0'; marker !== undefined; ) {
      const page: PartPage = partsIn(await this.#text({ method: 'GET', key, query: { uploadId, 'part-number-marker': marker } }))
      parts.push(...page.parts)
      marker = page.next
    }
    return parts
  }

  async completeUpload(key: string, uploadId: string, parts: readonly FinishedPart[]): Promise<void> {
    const sorted = [...parts].sort((a, b) => a.partNumber - b.partNumber)
    await this.#text({ method: 'POST', key, query: { uploadId }, body: completionXml(sorted), headers: { 'content-type': 'application/xml' } })
  }

  async abortUpload(key: string, uploadId: string): Promise<void> {
    await this.#text({ method: 'DELETE', key, query: { uploadId } })
  }

  async getVersion(key: string, etag: string): Promise<ReadableStream<Uint8Array>> {
    return bodyOf(await this.#send({ method: 'GET', key, headers: { 'if-match': etag } }))
  }

  async copyVersion(from: string, etag: string, to: string): Promise<void> {
    const headers = { 'x-amz-copy-source': this.#signer.copySource(from), 'x-amz-copy-source-if-match': etag }
    await this.#text({ method: 'PUT', key: to, headers })
  }

  async delete(key: string): Promise<void> {
    await this.#text({ method: 'DELETE', key })
  }

  async #putPart(key: string, uploadId: string, partNumber: number, body: Uint8Array<ArrayBuffer>): Promise<string> {
    const response = await this.#send({ method: 'PUT', key, query: { uploadId, partNumber: String(partNumber) }, body })
    if (!response.ok) throw await S3Error.of(response)
    await response.body?.cancel()
    return response.headers.get('etag') ?? ''
  }

  /** The text of a good answer. S3 tells some failures under a 200, when it has begun to answer before it knew. */
  async #text(request: S3Request): Promise<string> {
    const response = await this.#send(request)
    if (!response.ok) throw await S3Error.of(response)
    const text = await response.text()
    const code = errorCodeIn(text)
    if (code !== undefined) throw new S3Error(response.status, code)
    return text
  }

  /** Waits for the answer only so long; its body may take its time. */
  async #send({ body, ...request }: S3Request): Promise<Response> {
    const { headers, url } = await this.#signer.sign(request)
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(new S3Error(0, 'NoAnswer')), ANSWERS_WITHIN_MS)
    try {
      return await fetch(url, { method: request.method, headers, redirect: 'manual', signal: silence.signal, ...(body === undefined ? {} : { body }) })
    } finally {
      clearTimeout(timer)
    }
  }
}

async function bodyOf(response: Response): Promise<ReadableStream<Uint8Array>> {
  if (!response.ok) throw await S3Error.of(response)
  return response.body ?? new Blob([]).stream()
}

async function dropped(response: Response): Promise<undefined> {
  await response.body?.cancel()
}
