import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPresignHandler, type PresignHandlerOptions, type S3Bucket } from '../../packages/server/src/index.ts'
import { nodeListener } from '../../packages/server/src/node.ts'
import { createBucket, type TestBucket } from './s3-bucket.ts'

/** A bucket of its own on Ceph, and a server that signs for it. */
export interface S3Backend {
  readonly storeUrl: string
  readonly presignEndpoint: string
  readonly bucket: S3Bucket
  readonly openUploads: TestBucket['openUploads']
  close(): Promise<void>
}

export interface S3BackendOptions extends Partial<PresignHandlerOptions> {
  /** Where clients reach the store instead, for example through a proxy: given its endpoint, gives another one. */
  readonly through?: (endpoint: string) => Promise<string>
}

/** Pages of this machine, whatever their port. */
function isThisMachine(origin: string): boolean {
  return URL.canParse(origin) && ['localhost', '127.0.0.1'].includes(new URL(origin).hostname)
}

export async function startS3Backend({ through, ...options }: S3BackendOptions = {}): Promise<S3Backend> {
  const made = await createBucket(through)
  const { bucket } = made
  const server = createServer(nodeListener(createPresignHandler({ authorize: () => ({ space: 'family' }), origins: isThisMachine, ...options, bucket })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    storeUrl: made.options.publicUrl ?? made.options.storeUrl, bucket, openUploads: made.openUploads,
    presignEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/media/presign`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await made.erase()
    },
  }
}
