import { serve } from '@hono/node-server'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'vitest'
import { httpBlobs } from '@bse/blob-http'
import { blobProviderSuite } from '@bse/core/testing'
import { directoryStorage } from '@bse/server/node'
import { honoApp } from '../src/hono.ts'
import { mountedServer } from './support/mounted-server.ts'

const server = mountedServer(async (directory) => {
  const store = directoryStorage(directory)
  const started = serve({ fetch: honoApp(store).fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise<void>((resolve) => started.once('listening', () => resolve()))
  const close = async (): Promise<void> => {
    started.close()
    await store.close()
  }
  return { port: (started.address() as AddressInfo).port, close }
})

const headers = { authorization: 'Bearer open sesame' }

blobProviderSuite({ describe, it }, { name: 'http in Hono', open: async () => ({ provider: httpBlobs({ url: `${server.url}/blobs`, headers }) }) })
