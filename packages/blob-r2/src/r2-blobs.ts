import { httpBlobs, type HttpBlobsOptions } from '@bse/blob-http'
import { s3Blobs, type S3BlobsOptions } from '@bse/blob-s3'
import { BseError } from '@bse/core/wire'
import type { BlobProvider } from '@bse/core/provider'

/** Straight to the bucket, by requests that your server signs. */
export interface R2PresignOptions extends Omit<S3BlobsOptions, 'storeUrl'> {
  /** Of Cloudflare: 32 hex digits. */
  readonly accountId: string
  readonly bucket: string
  /** Where the bucket is reached, for one with a jurisdiction or a server for tests. Default: `https://<accountId>.r2.cloudflarestorage.com/<bucket>`. */
  readonly storeUrl?: string
}

/** Through a Worker that is bound to the bucket; R2 compares the hash of what comes. */
export interface R2WorkerOptions extends Omit<HttpBlobsOptions, 'url'> {
  /** Where the Worker serves `createBlobHandler`, for example `https://media.example.workers.dev/blobs`. */
  readonly endpoint: string
}

export type R2BlobsOptions = R2PresignOptions | R2WorkerOptions

const ACCOUNT = /^[0-9a-f]{32}$/
const BUCKET = /^[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]$/

/**
 * Blobs in Cloudflare R2.
 *
 * @throws BseError `CONFIG_INVALID` for an account or a bucket that cannot be one.
 */
export function r2Blobs(options: R2BlobsOptions): BlobProvider {
  return Object.assign('endpoint' in options ? byWorker(options) : byPresign(options), { name: 'r2' })
}

function byWorker({ endpoint, ...options }: R2WorkerOptions): BlobProvider {
  return httpBlobs({ ...options, url: endpoint })
}

function byPresign({ accountId, bucket, storeUrl, ...options }: R2PresignOptions): BlobProvider {
  if (!ACCOUNT.test(accountId)) throw new BseError('CONFIG_INVALID', 'blob-r2: no id of an account', { option: 'accountId' })
  if (!BUCKET.test(bucket)) throw new BseError('CONFIG_INVALID', 'blob-r2: no name of a bucket', { option: 'bucket' })
  return s3Blobs({ ...options, storeUrl: storeUrl ?? `https://${accountId}.r2.cloudflarestorage.com/${bucket}` })
}
