import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlobProvider } from '../../packages/core/src/provider/index.ts'
import { httpBlobs } from '../../packages/blob-http/src/index.ts'
import { tusBlobs } from '../../packages/blob-tus/src/index.ts'
import { startServer } from '../../packages/server/src/node.ts'
import type { SeenRequest } from '../services/proxy.ts'

/** A server that is running, behind whose port the wire goes. */
export interface RunningStore {
  readonly port: number
  close(): Promise<void>
}

/** A way to upload, as the cuts see it. */
export interface Protocol {
  readonly name: string
  start(): Promise<RunningStore>
  /** Not connected yet; `url` is the wire's. */
  provider(url: string): BlobProvider
  /** Bytes of one upload: enough for every part of the protocol to appear. */
  readonly sizeBytes: number
  /** Requests whose bodies are bytes of the blob. */
  isPayload(request: SeenRequest): boolean
  /** What one cut may cost at most, in bytes that are sent once more. */
  readonly boundBytes: number
}

const SIZE_BYTES = 1_000_000
const CHUNK_BYTES = 600_000

async function bseServer(): Promise<RunningStore> {
  const directory = await mkdtemp(join(tmpdir(), 'bse-cuts-'))
  const server = await startServer({ dataDirectory: directory, timeouts: { stopMs: 100 } })
  const close = async (): Promise<void> => {
    await server.close()
    await rm(directory, { recursive: true, force: true })
  }
  return { port: server.port, close }
}

function source(url: string): BlobProvider {
  return httpBlobs({ url: `${url}/blobs`, batch: false })
}

function isPayload({ method }: SeenRequest): boolean {
  return method === 'PATCH' || method === 'PUT'
}

export const protocols: readonly Protocol[] = [
  { name: 'http', start: bseServer, provider: source, sizeBytes: SIZE_BYTES, isPayload, boundBytes: SIZE_BYTES },
  {
    name: 'tus', start: bseServer, provider: (url) => tusBlobs({ endpoint: `${url}/files`, source: source(url) }),
    sizeBytes: SIZE_BYTES, isPayload, boundBytes: SIZE_BYTES,
  },
  {
    name: 'tus-chunks', start: bseServer, provider: (url) => tusBlobs({ endpoint: `${url}/files`, source: source(url), chunkSize: CHUNK_BYTES }),
    sizeBytes: SIZE_BYTES, isPayload, boundBytes: CHUNK_BYTES,
  },
]
