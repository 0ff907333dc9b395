import { afterAll, beforeAll, expect, it } from 'vitest'
import { httpBlobs } from '@bse/blob-http'
import { s3Blobs } from '@bse/blob-s3'
import { hexOf } from '@bse/core/wire'
import { startServer } from '@bse/server/node'
import { startS3Backend, type S3Backend } from '../../../../scripts/services/s3-backend.ts'
import { mountedServer } from '../support/mounted-server.ts'
import { useApp } from '../support/one-app.ts'
import { embeddedRows, rowsBy } from '../support/rows.ts'

const server = mountedServer(async (directory) => startServer({ dataDirectory: directory, timeouts: { stopMs: 100 }, ...(await embeddedRows()) }), 60_000)
let backend: S3Backend | undefined
beforeAll(async () => {
  backend = await startS3Backend()
}, 120_000)
afterAll(() => backend?.close())

// R-002 R-031 R-164 X-006 X-017
it.each(Object.entries(rowsBy))('one app does the same with rows by %s and bytes in S3, and a mirror on a server has every blob too', async (_, openData) => {
  const { bucket, presignEndpoint = '', storeUrl = '' } = backend ?? {}
  const { failures, hashes, ...seen } = await useApp(() => ({
    primary: s3Blobs({ presignEndpoint, storeUrl, multipartFromBytes: 1_000_000, partBytes: 500_000 }), mirrors: [httpBlobs({ url: `${server.url}/blobs` })],
  }), (room) => openData(server.url, room))
  expect([seen, failures]).toEqual([{ titles: ['second in a room'], isSame: true, isPartSame: true }, []])
  for (const hash of hashes) {
    expect((await bucket?.head(`family/${hexOf(hash)}`))?.sizeBytes).toBeGreaterThan(100_000)
    await expect.poll(async () => (await fetch(`${server.url}/blobs/${hash}`, { method: 'HEAD' })).status, { timeout: 20_000 }).toBe(200)
  }
}, 90_000)
