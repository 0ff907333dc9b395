import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlobProvider } from '../../packages/core/src/provider/index.ts'
import { httpBlobs } from '../../packages/blob-http/src/index.ts'
import { tusBlobs } from '../../packages/blob-tus/src/index.ts'
import { startServer } from '../../packages/server/src/node.ts'
import { Proxy, type SeenRequest } from '../services/proxy.ts'

/** A store that is running, and the wires that lead there. */
export interface RunningStore {
  /** Every way of the client's: the first one is that of the blob's bytes. */
  readonly wires: readonly [Proxy, ...Proxy[]]
  /** Not connected yet; asks through the wires alone. */
  provider(): BlobProvider
  close(): Promise<void>
}

/** A way to upload, as the cuts see it. */
export interface Protocol {
  readonly name: string
  start(): Promise<RunningStore>
  /** Bytes of one upload: enough for every part of the protocol to appear. */
  readonly sizeBytes: number
  /** Requests whose bodies are bytes of the blob. */
  isPayload(request: SeenRequest): boolean
  /** Of the blob, in one request; all are of that size. */
  readonly partBytes: number
  /** How many such requests there are at once. One cut may cost so many parts, which are sent once more. */
  readonly parallel: number
}

export const SIZE_BYTES = 1_000_000
const CHUNK_BYTES = 500_000

/** `bse-server` behind a wire. */
async function bseServer(provider: (url: string) => BlobProvider): Promise<RunningStore> {
  const directory = await mkdtemp(join(tmpdir(), 'bse-cuts-'))
  const server = await startServer({ dataDirectory: directory, timeouts: { stopMs: 100 } })
  const wire = await Proxy.open(server.port)
  const close = async (): Promise<void> => {
    await wire.close()
    await server.close()
    await rm(directory, { recursive: true, force: true })
  }
  return { wires: [wire], provider: () => provider(wire.url), close }
}

function source(url: string): BlobProvider {
  return httpBlobs({ url: `${url}/blobs`, batch: false })
}

export function isPayload({ method }: SeenRequest): boolean {
  return method === 'PATCH' || method === 'PUT'
}

const whole = { sizeBytes: SIZE_BYTES, partBytes: SIZE_BYTES, parallel: 1, isPayload } as const

/** Those that need no other server than ours. */
export const protocols: readonly Protocol[] = [
  { name: 'http', start: () => bseServer(source), ...whole },
  { name: 'tus', start: () => bseServer((url) => tusBlobs({ endpoint: `${url}/files`, source: source(url) })), ...whole },
  {
    name: 'tus-chunks', start: () => bseServer((url) => tusBlobs({ endpoint: `${url}/files`, source: source(url), chunkSize: CHUNK_BYTES })),
    ...whole, partBytes: CHUNK_BYTES,
  },
]
