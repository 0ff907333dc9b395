import { describe, inject, it } from 'vitest'
import { blobProviderSuite } from '@bse/core/testing'
import { httpBlobs } from '../src/index.ts'

const url = `${inject('blobServerUrl')}/blobs`

blobProviderSuite({ describe, it }, { name: 'http in a page', open: async () => ({ provider: httpBlobs({ url, publicReads: true }) }) })
