import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { httpBlobs } from '@bse/blob-http'
import { r2Blobs } from '@bse/blob-r2'
import { tusBlobs } from '@bse/blob-tus'
import type { SeveralRemotes } from '@bse/core'
import type { BlobProvider } from '@bse/core/provider'
import { startServer } from '@bse/server/node'
import { startWorker, type RunningWorker } from '../../../scripts/services/workerd.ts'
import { mountedServer } from './support/mounted-server.ts'
import { useApp } from './support/one-app.ts'
import { embeddedRows, rowsBy } from './support/rows.ts'

const server = mountedServer(async (directory) => startServer({ dataDirectory: directory, timeouts: { stopMs: 100 }, ...(await embeddedRows()) }), 60_000)
let worker: RunningWorker | undefined
beforeAll(async () => {
  worker = await startWorker(join(import.meta.dirname, '../src/worker.ts'), { r2Buckets: ['MEDIA'] })
}, 60_000)
afterAll(() => worker?.close())

const http = (): BlobProvider => httpBlobs({ url: `${server.url}/blobs` })
const r2 = (): BlobProvider => r2Blobs({ endpoint: `${worker?.url}/blobs`, headers: { authorization: 'Bearer open sesame' } })

const stores: readonly (readonly [string, () => BlobProvider | SeveralRemotes])[] = [
  ['a server', http],
  ['a server by tus', () => tusBlobs({ endpoint: `${server.url}/files`, source: http() })],
  ['R2 by a Worker', r2],
  ['R2 and a server at once', () => ({ primary: r2(), mirrors: [http()], durableOn: 'all' })],
]

const ways = Object.entries(rowsBy).flatMap(([rows, openData]) => stores.map(([store, openStore]) => [rows, store, openStore, openData] as const))

// R-002 R-164 X-006 X-017
it.each(ways)('one app does the same with rows by %s and bytes in %s', async (_rows, _store, openStore, openData) => {
  const { failures, hashes, ...seen } = await useApp(openStore, (room) => openData(server.url, room))
  expect([seen, failures]).toEqual([{ titles: ['second in a room'], isSame: true, isPartSame: true }, []])
  expect(new Set(hashes).size).toBe(2)
}, 90_000)
