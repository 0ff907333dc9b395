export { r2Bucket, type R2Binding } from './r2-bucket.ts'
