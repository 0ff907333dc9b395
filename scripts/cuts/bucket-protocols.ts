import type { BlobProvider } from '../../packages/core/src/provider/index.ts'
import { r2Blobs } from '../../packages/blob-r2/src/index.ts'
import { s3Blobs } from '../../packages/blob-s3/src/index.ts'
import { Proxy } from '../services/proxy.ts'
import { startR2Backend } from '../services/r2-backend.ts'
import { startS3Backend } from '../services/s3-backend.ts'
import { isPayload, SIZE_BYTES, type Protocol, type RunningStore } from './protocols.ts'

const PART_BYTES = 250_000
const PARALLEL = 2
/** R2 takes no smaller parts, but for the last. */
const R2_PART_BYTES = 5_242_880

interface Backend {
  readonly storeUrl: string
  readonly presignEndpoint: string
  close(): Promise<void>
}

interface Endpoints {
  readonly storeUrl: string
  readonly presignEndpoint: string
  readonly multipartFromBytes: number
  readonly partBytes: number
  readonly parallelParts: number
}

/** A bucket behind one wire, the server that signs for it behind another. */
async function bucket(
  start: (options: { readonly through: (endpoint: string) => Promise<string> }) => Promise<Backend>, provider: (endpoints: Endpoints) => BlobProvider,
  { multipartFromBytes, partBytes }: Pick<Endpoints, 'multipartFromBytes' | 'partBytes'>,
): Promise<RunningStore> {
  const store = new Proxy(() => Number(storePort))
  let storePort = ''
  const through = async (endpoint: string): Promise<string> => {
    storePort = new URL(endpoint).port
    await store.listen()
    return store.url
  }
  const backend = await start({ through })
  const { pathname, port } = new URL(backend.presignEndpoint)
  const sign = await Proxy.open(Number(port))
  const close = async (): Promise<void> => {
    await store.close()
    await sign.close()
    await backend.close()
  }
  const endpoints = { storeUrl: backend.storeUrl, presignEndpoint: `${sign.url}${pathname}`, multipartFromBytes, partBytes, parallelParts: PARALLEL }
  return { wires: [store, sign], provider: () => provider(endpoints), close }
}

const r2 = (endpoints: Endpoints): BlobProvider => r2Blobs({ accountId: 'a'.repeat(32), bucket: 'media', ...endpoints })
const single = { sizeBytes: SIZE_BYTES, partBytes: SIZE_BYTES, parallel: 1, isPayload } as const
const whole = { multipartFromBytes: SIZE_BYTES + 1, partBytes: PART_BYTES }

/** By signed requests, on Ceph. */
export const s3Protocols: readonly Protocol[] = [
  { name: 's3', start: () => bucket(startS3Backend, s3Blobs, whole), ...single },
  {
    name: 's3-parts', start: () => bucket(startS3Backend, s3Blobs, { multipartFromBytes: 1, partBytes: PART_BYTES }),
    sizeBytes: SIZE_BYTES, partBytes: PART_BYTES, parallel: PARALLEL, isPayload,
  },
]

/** By signed requests, on Cloudflare's own runtime. */
export const r2Protocols: readonly Protocol[] = [
  { name: 'r2', start: () => bucket(startR2Backend, r2, whole), ...single },
  {
    name: 'r2-parts', start: () => bucket(startR2Backend, r2, { multipartFromBytes: 1, partBytes: R2_PART_BYTES }),
    sizeBytes: 2 * R2_PART_BYTES, partBytes: R2_PART_BYTES, parallel: PARALLEL, isPayload,
  },
]
