import { httpBlobs } from '@bse/blob-http'
import { r2Blobs, type R2BlobsOptions } from '@bse/blob-r2'
import { s3Blobs, type S3BlobsOptions } from '@bse/blob-s3'
import type { BlobProvider } from '@bse/core/provider'

/** What the build was given as VITE_BLOBS, as JSON: `{"store":"s3","presignEndpoint":"…","storeUrl":"…"}`. */
type Chosen = ({ readonly store: 's3' } & S3BlobsOptions) | ({ readonly store: 'r2' } & R2BlobsOptions)

/** Where photos go: straight to a bucket if the build says so, else to the server that served this page. */
export function blobStore(): BlobProvider {
  const given = import.meta.env.VITE_BLOBS ?? ''
  if (given === '') return httpBlobs({ url: '/blobs' })
  const { store, ...options } = JSON.parse(given) as Chosen
  return store === 's3' ? s3Blobs(options as S3BlobsOptions) : r2Blobs(options as R2BlobsOptions)
}
