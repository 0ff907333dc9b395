import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { S3Store } from '@tus/s3-store'
import { afterAll, beforeAll } from 'vitest'
import { bucketStorage, createBlobHandler } from '@bse/server'
import { bucketUploads, createTusHandler, nodeListener } from '@bse/server/node'
import { createBucket, type TestBucket } from '../../../../scripts/services/s3-bucket.ts'

/** Unfinished uploads and finished blobs in one bucket of a real S3, behind a server without a disk. */
export function bucketServer(): { readonly url: string; openUploads(): Promise<number> } {
  let made: TestBucket | undefined
  let url = ''
  let close = async (): Promise<void> => undefined
  beforeAll(async () => {
    made = await createBucket()
    const server = createServer()
    const store = bucketStorage(made.bucket)
    const authorize = (): { readonly space: string } => ({ space: 'family' })
    const blobs = nodeListener(createBlobHandler({ store, authorize }))
    const tus = createTusHandler({ store, authorize, uploads: uploadsIn(made) })
    const files = nodeListener((request, context) => tus.handle(request, context))
    server.on('request', (incoming, outgoing) => {
      const listener = incoming.url?.startsWith('/files') === true ? files : blobs
      listener(incoming, outgoing)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    close = async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await made?.erase()
    }
  }, 120_000)
  afterAll(() => close())
  return {
    get url() {
      return url
    },
    openUploads: async () => (await made?.openUploads())?.length ?? 0,
  }
}

function uploadsIn({ bucket, credentials, options }: TestBucket): S3Store {
  const { pathname, origin } = new URL(options.storeUrl)
  const forgetful = { get: async () => undefined, set: async () => undefined, delete: async () => undefined }
  const store = new S3Store({
    partSize: 5_242_880, useTags: false, cache: forgetful,
    s3ClientConfig: {
      bucket: pathname.slice(1), region: options.region ?? 'us-east-1', endpoint: origin, forcePathStyle: true, credentials, requestChecksumCalculation: 'WHEN_REQUIRED',
    },
  })
  return bucketUploads(store, bucket)
}
