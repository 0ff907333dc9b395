import { afterAll, beforeAll } from 'vitest'
import { startS3Backend, type S3Backend, type S3BackendOptions } from '../../../../scripts/services/s3-backend.ts'

/** One bucket and one signing server for all tests of a file. */
export function s3Backend(options?: S3BackendOptions): () => S3Backend {
  let backend: S3Backend | undefined
  beforeAll(async () => {
    backend = await startS3Backend(options)
  }, 120_000)
  afterAll(() => backend?.close())
  return () => {
    if (backend === undefined) throw new Error('the backend has not started')
    return backend
  }
}
