export { tusBlobs, type TusBlobsOptions } from './tus-blobs.ts'
