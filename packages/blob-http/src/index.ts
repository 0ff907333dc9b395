export { httpBlobs, type HttpBlobsOptions } from './http-blobs.ts'
