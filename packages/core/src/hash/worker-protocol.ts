import type { BlobHash } from '../wire/blob-hash.ts'

/** To the worker. It has one job at a time. */
export type HashRequest = { readonly is: 'hash'; readonly blob: Blob } | { readonly is: 'cancel' }

/** From the worker, once for each job. `error` is whatever reading the blob failed with, as a structured clone leaves it. */
export type HashAnswer = { readonly is: 'hashed'; readonly hash: BlobHash } | { readonly is: 'failed'; readonly error: unknown }

/** From the worker when it takes a job: until then nobody knows whether its script was ever run. */
export interface HashBegun {
  readonly is: 'begun'
}
