import type { BlobHash } from '@bse/core/wire'

/** A blob of one tenant. The same bytes in two spaces are two objects, so that no answer in one tells about the other. */
export interface BlobKey {
  readonly space: string
  readonly hash: BlobHash
}

export type StoredState =
  | { readonly is: 'stored'; readonly sizeBytes: number }
  /** Never came, or not yet. */
  | { readonly is: 'absent' }
  /** Was here and was collected on purpose. */
  | { readonly is: 'gone' }

export interface PutResult {
  readonly outcome: 'stored' | 'already-present'
  readonly sizeBytes: number
}

export interface StoredPage {
  /** In ascending order of hash. */
  readonly blobs: readonly { readonly hash: BlobHash; readonly sizeBytes: number }[]
  readonly more: boolean
}

/** Where the handlers keep bytes. A directory today; an object store implements these five methods. */
export interface BlobStorage {
  /**
   * Hashes while it reads, and keeps the bytes only when they are what `key.hash` names. Resolves once they survive a crash.
   * A rejection leaves nothing behind, and what was stored under the hash before stays as it was.
   *
   * @throws BseError `HASH_MISMATCH`, `STORAGE_FULL`, `STORAGE_FAILED`, `CLOSED`.
   * @throws the body's own error when it fails.
   */
  put(key: BlobKey, body: ReadableStream<Uint8Array>): Promise<PutResult>
  head(key: BlobKey): Promise<StoredState>
  /** Bytes `start` (inclusive) to `end` (exclusive), both within the blob; `undefined` when it is not stored. */
  read(key: BlobKey, range: { readonly start: number; readonly end: number }): Promise<ReadableStream<Uint8Array> | undefined>
  /** Up to `limit` blobs of a space whose hash sorts behind `after`. */
  list(space: string, options: { readonly limit: number; readonly after: BlobHash | undefined }): Promise<StoredPage>
  /** Puts under way are rejected with `CLOSED`. Calling it twice is fine. */
  close(): Promise<void>
}

/** A storage from which blobs can be removed again, by whoever knows that nobody names them. */
export interface CollectableStorage extends BlobStorage {
  /** Every space that has blobs. */
  spaces(): Promise<readonly string[]>
  /** Resolves when the blob is not there, also when it was not. @throws BseError `STORAGE_FAILED` when it could not be removed. */
  delete(key: BlobKey): Promise<void>
}
