import { describe, expect, it } from 'vitest'
import { blobProviderSuite } from '@bse/core/testing'
import { httpBlobs } from '@bse/blob-http'
import { tusBlobs } from '../../src/index.ts'
import { memory, randomTask } from '../support/carried.ts'
import { bucketServer } from '../support/bucket-server.ts'
import { plainProviderContext } from '@bse/core/testing'

const server = bucketServer()
const open = (): ReturnType<typeof tusBlobs> => tusBlobs({ endpoint: `${server.url}/files`, source: httpBlobs({ url: `${server.url}/blobs`, publicReads: true }) })

// R-200 R-174
blobProviderSuite({ describe, it }, { name: 'tus over S3', open: async () => ({ provider: open() }) })

// F-50
it('leaves no multipart upload open behind a finished upload', async () => {
  const provider = open()
  provider.connect(plainProviderContext())
  const before = await server.openUploads()
  await provider.upload(await randomTask(6_000_000), memory().io)
  await provider.close()
  expect(await server.openUploads()).toBe(before)
})
