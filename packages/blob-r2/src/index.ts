export { r2Blobs, type R2BlobsOptions, type R2PresignOptions, type R2WorkerOptions } from './r2-blobs.ts'
