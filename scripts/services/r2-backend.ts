import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Miniflare } from 'miniflare'
import { createPresignHandler, s3Bucket } from '../../packages/server/src/index.ts'
import { nodeListener } from '../../packages/server/src/node.ts'

export interface R2Backend {
  readonly storeUrl: string
  readonly presignEndpoint: string
  close(): Promise<void>
}

const BUCKET = 'media'
const credentials = { accessKeyId: 'k'.repeat(32), secretAccessKey: 's'.repeat(64) }

/** R2's S3 endpoint, as Cloudflare's own runtime has it on this machine, and a server that signs for it. */
export async function startR2Backend(): Promise<R2Backend> {
  const miniflare = new Miniflare({
    modules: true, script: 'export default { fetch: () => new Response(null, { status: 404 }) }', compatibilityDate: '2026-07-01', host: '127.0.0.1', port: 0,
    r2Buckets: { MEDIA: { id: BUCKET, s3Credentials: credentials } },
  })
  const storeUrl = `${(await miniflare.ready).origin}/cdn-cgi/local/r2/s3/${BUCKET}`
  const bucket = s3Bucket({ storeUrl, region: 'auto', credentials })
  const server = createServer(nodeListener(createPresignHandler({ bucket, authorize: () => ({ space: 'family' }) })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    storeUrl, presignEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/media/presign`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await miniflare.dispose()
    },
  }
}
