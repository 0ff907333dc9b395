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

export interface R2BackendOptions {
  /** Where clients reach the store instead, for example through a proxy: given its endpoint, gives another one. */
  readonly through?: (endpoint: string) => Promise<string>
}

const BUCKET = 'media'
const credentials = { accessKeyId: 'k'.repeat(32), secretAccessKey: 's'.repeat(64) }

/** R2's S3 endpoint, as Cloudflare's own runtime has it on this machine, and a server that signs for it. */
export async function startR2Backend({ through }: R2BackendOptions = {}): Promise<R2Backend> {
  const miniflare = new Miniflare({
    modules: true, script: 'export default { fetch: () => new Response(null, { status: 404 }) }', compatibilityDate: '2026-07-01', host: '127.0.0.1', port: 0,
    r2Buckets: { MEDIA: { id: BUCKET, s3Credentials: credentials } },
  })
  const path = `/cdn-cgi/local/r2/s3/${BUCKET}`
  const { origin } = await miniflare.ready
  const publicUrl = `${through === undefined ? origin : await through(origin)}${path}`
  const bucket = s3Bucket({ storeUrl: `${origin}${path}`, publicUrl, region: 'auto', credentials })
  const server = createServer(nodeListener(createPresignHandler({ bucket, authorize: () => ({ space: 'family' }) })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    storeUrl: publicUrl, presignEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/media/presign`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await miniflare.dispose()
    },
  }
}
