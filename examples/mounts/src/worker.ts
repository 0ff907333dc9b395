import { bucketStorage, createBlobHandler, createPresignHandler, s3Bucket } from '@bse/server'
import { r2Bucket, type R2Binding } from '@bse/server/worker'
import { authorize, isThisMachine } from './authorize.ts'

/** What `wrangler.toml` gives it: the bucket, and for presigned requests the bucket's address and an API token of R2. */
interface Env {
  readonly MEDIA: R2Binding
  readonly STORE_URL: string
  /** `auto` for R2. */
  readonly REGION: string
  readonly ACCESS_KEY_ID: string
  readonly SECRET_ACCESS_KEY: string
}

const origins = isThisMachine

async function handle(request: Request, env: Env): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname.startsWith('/blobs')) return createBlobHandler({ store: bucketStorage(r2Bucket(env.MEDIA)), authorize, origins })(request)
  if (pathname === '/api/media/presign') {
    const credentials = { accessKeyId: env.ACCESS_KEY_ID, secretAccessKey: env.SECRET_ACCESS_KEY }
    return createPresignHandler({ bucket: s3Bucket({ storeUrl: env.STORE_URL, region: env.REGION, credentials }), authorize, origins })(request)
  }
  return new Response(null, { status: 404 })
}

const worker: { fetch(request: Request, env: Env): Promise<Response> } = { fetch: handle }

// oxlint-disable-next-line import/no-default-export -- a Worker is what its module exports by default
export default worker
