import { createHash, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPresignHandler, s3Bucket, type PresignHandlerOptions, type S3Bucket } from '../../packages/server/src/index.ts'
import { nodeListener } from '../../packages/server/src/node.ts'
import { S3Signer, type ToSign } from '../../packages/server/src/s3-signer.ts'
import { leaseCeph } from './ceph.ts'

/** A bucket of its own on Ceph, and a server that signs for it. */
export interface S3Backend {
  readonly storeUrl: string
  readonly presignEndpoint: string
  readonly bucket: S3Bucket
  /** Multipart uploads that were begun and neither completed nor freed. */
  openUploads(): Promise<readonly { readonly key: string; readonly uploadId: string }[]>
  close(): Promise<void>
}

export interface S3BackendOptions extends Partial<PresignHandlerOptions> {
  /** Where the bucket is reached instead, for example through a proxy: given its endpoint, gives another one. */
  readonly through?: (endpoint: string) => Promise<string>
}

/** Pages of this machine, whatever their port. */
function isThisMachine(origin: string): boolean {
  return URL.canParse(origin) && ['localhost', '127.0.0.1'].includes(new URL(origin).hostname)
}

const CORS = `<CORSConfiguration><CORSRule>
<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader>
<ExposeHeader>ETag</ExposeHeader><ExposeHeader>Content-Range</ExposeHeader><ExposeHeader>Content-Length</ExposeHeader>
</CORSRule></CORSConfiguration>`

export async function startS3Backend({ through, ...options }: S3BackendOptions = {}): Promise<S3Backend> {
  const { release, service } = await leaseCeph()
  const { accessKeyId, region, secretAccessKey } = service
  const name = `test-${randomUUID()}`
  const credentials = { accessKeyId, secretAccessKey }
  const admin = new Admin(new S3Signer({ storeUrl: `${service.endpoint}/${name}`, region, credentials }))
  await admin.send({ method: 'PUT', key: '' })
  await admin.send({ method: 'PUT', key: '', query: { cors: '' }, headers: { 'content-md5': createHash('md5').update(CORS).digest('base64') } }, CORS)
  const storeUrl = `${through === undefined ? service.endpoint : await through(service.endpoint)}/${name}`
  // What clients use may go through a proxy, what the server does itself never does.
  const bucket = s3Bucket({ storeUrl: `${service.endpoint}/${name}`, publicUrl: storeUrl, region, credentials })
  const server = createServer(nodeListener(createPresignHandler({ authorize: () => ({ space: 'family' }), origins: isThisMachine, ...options, bucket })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    storeUrl, bucket,
    presignEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/media/presign`,
    openUploads: () => admin.openUploads(),
    close: async () => {
      await closed(server)
      await admin.erase(bucket)
      release()
    },
  }
}

/** What the owner of a bucket does. */
class Admin {
  readonly #signer: S3Signer

  constructor(signer: S3Signer) {
    this.#signer = signer
  }

  async send(request: ToSign, body?: string): Promise<string> {
    const { headers, url } = await this.#signer.sign(request)
    const response = await fetch(url, { method: request.method, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    if (!response.ok) throw new Error(`the bucket answered ${response.status} to ${request.method}: ${text}`)
    return text
  }

  async openUploads(): Promise<readonly { readonly key: string; readonly uploadId: string }[]> {
    const xml = await this.send({ method: 'GET', key: '', query: { uploads: '' } })
    return [...xml.matchAll(/<Upload>.*?<Key>(.*?)<\/Key>.*?<UploadId>(.*?)<\/UploadId>.*?<\/Upload>/gs)].map(([, key = '', uploadId = '']) => ({ key, uploadId }))
  }

  /** The store is in memory and shared: what a test wrote must not stay. */
  async erase(bucket: S3Bucket): Promise<void> {
    for (const { key, uploadId } of await this.openUploads()) await bucket.abortUpload(key, uploadId)
    for (let more = true; more; ) {
      const page = await bucket.list('', { after: '', limit: 1_000 })
      for (const { key } of page.objects) await bucket.delete(key)
      more = page.more
    }
    await this.send({ method: 'DELETE', key: '' })
  }
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
