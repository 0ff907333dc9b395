import { describe, it } from 'vitest'
import { blobProviderSuite } from '@bse/core/testing'
import { httpBlobs } from '../src/index.ts'
import { processServer } from './support/process-server.ts'

const server = processServer()

blobProviderSuite({ describe, it }, { name: 'http', open: async () => ({ provider: httpBlobs({ url: `${server.url}/blobs`, publicReads: true }) }) })
