import { join } from 'node:path'
import { startS3Backend } from './s3-backend.ts'
import { startWorker } from './workerd.ts'

export type DemoStoreKind = 's3' | 'r2'

/** A bucket on this machine for the demo, in memory, with CORS for its pages, and what signs for it. */
export interface DemoStore {
  /** For VITE_BLOBS. */
  readonly blobs: string
  has(hash: `sha256:${string}`): Promise<boolean>
  close(): Promise<void>
}

export function startDemoStore(kind: DemoStoreKind): Promise<DemoStore> {
  return kind === 's3' ? onCeph() : onWorkerd()
}

/** Straight to the bucket, by signed requests. */
async function onCeph(): Promise<DemoStore> {
  const { bucket, close, presignEndpoint, storeUrl } = await startS3Backend()
  const has = async (hash: string): Promise<boolean> => (await bucket.head(`family/${hash.slice('sha256:'.length)}`)) !== undefined
  return { blobs: JSON.stringify({ store: 's3', presignEndpoint, storeUrl }), has, close }
}

/** Through a Worker that is bound to the bucket: R2's own endpoint on this machine knows no CORS. */
async function onWorkerd(): Promise<DemoStore> {
  const worker = await startWorker(join(import.meta.dirname, '../../examples/mounts/src/worker.ts'), { r2Buckets: ['MEDIA'] })
  const endpoint = `${worker.url}/blobs`
  const headers = { authorization: 'Bearer open sesame' }
  const has = async (hash: string): Promise<boolean> => (await fetch(`${endpoint}/${hash}`, { method: 'HEAD', headers })).ok
  return { blobs: JSON.stringify({ store: 'r2', endpoint, headers }), has, close: () => worker.close() }
}
