import { createHash, randomUUID } from 'node:crypto'
import { s3Bucket, type S3Bucket } from '../../packages/server/src/index.ts'
import { S3Signer, type S3BucketOptions, type S3Credentials, type ToSign } from '../../packages/server/src/s3-signer.ts'
import { leaseCeph } from './ceph.ts'

/** An empty bucket on Ceph, with CORS as a page needs it. */
export interface TestBucket {
  readonly options: S3BucketOptions
  readonly credentials: S3Credentials
  readonly bucket: S3Bucket
  /** Multipart uploads that were begun and neither completed nor freed. */
  openUploads(): Promise<readonly OpenUpload[]>
  /** Removes it with all that it holds: the store is in memory and shared. */
  erase(): Promise<void>
}

export interface OpenUpload {
  readonly key: string
  readonly uploadId: string
}

const CORS = `<CORSConfiguration><CORSRule>
<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader>
<ExposeHeader>ETag</ExposeHeader><ExposeHeader>Content-Range</ExposeHeader><ExposeHeader>Content-Length</ExposeHeader>
</CORSRule></CORSConfiguration>`

/** `through` gives another address for the clients, such as that of a proxy, for the store's own. */
export async function createBucket(through?: (endpoint: string) => Promise<string>): Promise<TestBucket> {
  const { release, service } = await leaseCeph()
  const { accessKeyId, endpoint, region, secretAccessKey } = service
  const name = `test-${randomUUID()}`
  const credentials = { accessKeyId, secretAccessKey }
  const publicUrl = `${through === undefined ? endpoint : await through(endpoint)}/${name}`
  const options: S3BucketOptions = { storeUrl: `${endpoint}/${name}`, publicUrl, region, credentials }
  const owner = new Owner(new S3Signer(options), s3Bucket(options))
  await owner.create()
  const erase = async (): Promise<void> => {
    await owner.erase()
    release()
  }
  return { options, credentials, bucket: owner.bucket, openUploads: () => owner.openUploads(), erase }
}

/** What the owner of a bucket does. */
class Owner {
  readonly bucket: S3Bucket
  readonly #signer: S3Signer

  constructor(signer: S3Signer, bucket: S3Bucket) {
    this.#signer = signer
    this.bucket = bucket
  }

  async create(): Promise<void> {
    await this.#send({ method: 'PUT', key: '' })
    await this.#send({ method: 'PUT', key: '', query: { cors: '' }, headers: { 'content-md5': createHash('md5').update(CORS).digest('base64') } }, CORS)
  }

  async openUploads(): Promise<readonly OpenUpload[]> {
    const xml = await this.#send({ method: 'GET', key: '', query: { uploads: '' } })
    return [...xml.matchAll(/<Upload>.*?<Key>(.*?)<\/Key>.*?<UploadId>(.*?)<\/UploadId>.*?<\/Upload>/gs)].map(([, key = '', uploadId = '']) => ({ key, uploadId }))
  }

  async erase(): Promise<void> {
    for (const { key, uploadId } of await this.openUploads()) await this.bucket.abortUpload(key, uploadId)
    for (let more = true; more; ) {
      const page = await this.bucket.list('', { after: '', limit: 1_000 })
      for (const { key } of page.objects) await this.bucket.delete(key)
      more = page.more
    }
    await this.#send({ method: 'DELETE', key: '' })
  }

  async #send(request: ToSign, body?: string): Promise<string> {
    const { headers, url } = await this.#signer.sign(request)
    const response = await fetch(url, { method: request.method, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    if (!response.ok) throw new Error(`the bucket answered ${response.status} to ${request.method}: ${text}`)
    return text
  }
}
