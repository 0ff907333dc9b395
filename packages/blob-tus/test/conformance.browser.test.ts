import { describe, inject, it } from 'vitest'
import { blobProviderSuite } from '@bse/core/testing'
import { httpBlobs } from '@bse/blob-http'
import { tusBlobs } from '../src/index.ts'

const url = inject('blobServerUrl')

//
blobProviderSuite({ describe, it }, {
  name: 'tus in a page',
  open: async () => ({ provider: tusBlobs({ endpoint: `${url}/files`, source: httpBlobs({ url: `${url}/blobs`, publicReads: true }) }) }),
})
