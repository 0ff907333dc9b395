import { describe, it } from 'vitest'
import { blobProviderSuite } from '@bse/core/testing'
import { httpBlobs } from '@bse/blob-http'
import { tusBlobs } from '../src/index.ts'
import { localServer } from './support/local-server.ts'

const server = localServer()
const source = (): ReturnType<typeof httpBlobs> => httpBlobs({ url: `${server.url}/blobs`, publicReads: true })

// R-200 R-174
blobProviderSuite({ describe, it }, { name: 'tus', open: async () => ({ provider: tusBlobs({ endpoint: `${server.url}/files`, source: source() }) }) })

//
blobProviderSuite({ describe, it }, {
  name: 'tus in chunks',
  open: async () => ({ provider: tusBlobs({ endpoint: `${server.url}/files`, source: source(), chunkSize: 400_000 }) }),
})
