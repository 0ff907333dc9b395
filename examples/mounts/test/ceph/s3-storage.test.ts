import { serve } from '@hono/node-server'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { httpBlobs } from '@bse/blob-http'
import { blobProviderSuite } from '@bse/core/testing'
import { bucketStorage } from '@bse/server'
import { createBucket } from '../../../../scripts/services/s3-bucket.ts'
import { honoApp } from '../../src/hono.ts'

let url = ''
let stop = async (): Promise<void> => undefined
beforeAll(async () => {
  const { bucket, erase } = await createBucket()
  const server = serve({ fetch: honoApp(bucketStorage(bucket)).fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise<void>((resolve) => server.once('listening', () => resolve()))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/blobs`
  stop = async () => {
    server.close()
    await erase()
  }
}, 120_000)
afterAll(() => stop())

const headers = { authorization: 'Bearer open sesame' }

blobProviderSuite({ describe, it }, { name: 'http over S3', open: async () => ({ provider: httpBlobs({ url, headers }) }) })
