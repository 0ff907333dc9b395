import { afterAll, beforeAll, expect, it } from 'vitest'
import { httpBlobs } from '@bse/blob-http'
import { s3Blobs } from '@bse/blob-s3'
import { hexOf } from '@bse/core/wire'
import { startServer } from '@bse/server/node'
import { startS3Backend, type S3Backend } from '../../../../scripts/services/s3-backend.ts'
import { mountedServer } from '../support/mounted-server.ts'
import { useApp } from '../support/one-app.ts'

const server = mountedServer((directory) => startServer({ dataDirectory: directory, timeouts: { stopMs: 100 } }))
let backend: S3Backend | undefined
beforeAll(async () => {
  backend = await startS3Backend()
}, 120_000)
afterAll(() => backend?.close())

// R-031 R-164 X-006 X-017
it('one app does the same with S3, and a mirror on a server has every blob too', async () => {
  const { bucket, presignEndpoint = '', storeUrl = '' } = backend ?? {}
  const { failures, hashes, ...seen } = await useApp(() => ({
    primary: s3Blobs({ presignEndpoint, storeUrl, multipartFromBytes: 1_000_000, partBytes: 500_000 }), mirrors: [httpBlobs({ url: `${server.url}/blobs` })],
  }))
  expect([seen, failures]).toEqual([{ titles: ['second'], isSame: true, isPartSame: true }, []])
  for (const hash of hashes) {
    expect((await bucket?.head(`family/${hexOf(hash)}`))?.sizeBytes).toBeGreaterThan(100_000)
    await expect.poll(async () => (await fetch(`${server.url}/blobs/${hash}`, { method: 'HEAD' })).status, { timeout: 20_000 }).toBe(200)
  }
}, 90_000)
