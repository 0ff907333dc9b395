import type { BlobHash } from '@bse/core/wire'

/** What an object store can do, S3 or an R2 binding. Keys are ours: a space and hex digits. */
export interface ObjectBucket {
  head(key: string): Promise<ObjectHead | undefined>
  /** Bytes `start` (inclusive) to `end` (exclusive), within the object; the whole without a range. */
  get(key: string, range?: { readonly start: number; readonly end: number }): Promise<ReadableStream<Uint8Array> | undefined>
  /** A whole object from memory; the store compares the hash where it can. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>, hash: BlobHash): Promise<void>
  /** An object in parts, shown to nobody before it is complete. */
  begin(key: string): Promise<PartedObject>
  /** Also resolves when there is none. */
  delete(key: string): Promise<void>
  /** In ascending order of key, beginning behind `after`. */
  list(prefix: string, options: { readonly after: string; readonly limit: number }): Promise<ObjectPage>
}

export interface ObjectHead {
  readonly sizeBytes: number
  readonly etag: string
}

export interface ObjectPage {
  readonly objects: readonly { readonly key: string; readonly sizeBytes: number }[]
  readonly more: boolean
}

export interface PartedObject {
  /** Parts count from 1; all but the last have one size. */
  part(partNumber: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  complete(): Promise<void>
  /** Frees what came so far. */
  abort(): Promise<void>
}
