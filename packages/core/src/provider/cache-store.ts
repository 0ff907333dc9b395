import type { BlobHash } from '../wire/blob-hash.ts'

/** Bytes `start` (inclusive) to `end` (exclusive); `end` undefined means to the last byte. */
export interface ByteRange {
  readonly start: number
  readonly end?: number | undefined
}

export interface StageOptions {
  /** Bytes that turn out otherwise are dropped: `HASH_MISMATCH`. */
  readonly expect?: BlobHash
  /** Whose staging this is: letters, digits and dots, the beginning of `stageId` up to the first dash. Default: the store itself. */
  readonly owner?: string
  readonly signal?: AbortSignal
}

/** Bytes that are on this device, hashed, and visible to nobody yet. */
export interface StagedBytes {
  /** `<owner>-<anything>`; printable ASCII without a slash, unique over all tabs for ever. */
  readonly stageId: string
  readonly hash: BlobHash
  readonly sizeBytes: number
}

export interface CacheEntry {
  readonly hash: BlobHash
  readonly sizeBytes: number
}

/**
 * Large bytes addressed by hash, on this device. The seam that `@bse/cache-*` packages implement.
 *
 * An adapter moves bytes and reports what it stored. It does not retry, evict or decide what to keep: the cache manager in
 * core does, the same way for every adapter. It hashes in the pass that writes.
 */
export interface CacheStore {
  /** Appears in errors and logs, for example `opfs`. */
  readonly name: string
  /** False where a closed page takes everything with it. */
  readonly durable: boolean
  /**
   * Hashes and writes in one pass. Nothing is visible under a hash until `publish`.
   *
   * Resolves once the bytes survive a crash of the page. A rejection leaves nothing behind, and an abort cancels the source.
   *
   * @throws BseError `HASH_MISMATCH` when `expect` was given and the bytes differ, `STORAGE_FULL`, `STORAGE_FAILED`, `CLOSED`.
   * @throws the source's own error when it fails; the signal's reason when aborted.
   */
  stage(source: Blob | ReadableStream<Uint8Array>, options?: StageOptions): Promise<StagedBytes>
  /**
   * Makes staged bytes visible under their hash; never replaces: when the hash is there already the staged copy is dropped.
   * The bytes may have been staged by another instance of the namespace. A Blob that was lent before stays as it is.
   * The caller holds the lock of this hash. Resolves once the change survives a crash.
   *
   * @throws BseError `NOT_FOUND` when nothing is staged under this id any more.
   */
  publish(staged: StagedBytes): Promise<'published' | 'already-present'>
  /** Drops staged bytes; fine when they are gone already. */
  discard(stageId: string): Promise<void>
  /**
   * Removes staged bytes, finished or not, that are not alive: their id names their owner. Asks about every id, whichever
   * instance staged it; only what this process is still writing may be passed over. Lists staging only, never the store.
   */
  sweep(isAlive: (stageId: string) => boolean): Promise<void>
  /**
   * The stored bytes, or `undefined` when absent. Reads lazily where the store can.
   * The Blob's type is empty. It stays readable until `delete` of this hash.
   */
  get(hash: BlobHash): Promise<Blob | undefined>
  /**
   * A part of the stored bytes as a stream; `undefined` when absent, whatever the range. An empty range gives an empty stream,
   * also one at the very end.
   *
   * @throws BseError `RANGE_INVALID` for anything that is not within the blob: an `end` beyond its size or before `start`, a
   *   negative number, one that is not whole.
   */
  read(hash: BlobHash, range: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>
  /** `busy`: another tab reads it in a way that forbids removal; nothing changed, try later. */
  delete(hash: BlobHash): Promise<'deleted' | 'absent' | 'busy'>
  /** Every published blob, past any page size, in no order. Slow (a listing of 100,000 files takes seconds): for audits. */
  list(options?: { readonly signal?: AbortSignal }): AsyncIterable<CacheEntry>
  /** Erases everything of this namespace. The store is closed afterwards. */
  destroy(): Promise<void>
  /** Releases handles and locks. Calling it twice is fine. */
  close(): Promise<void>
}

/** Opens the store of one namespace (printable ASCII without a slash). Two stores of one namespace share everything. */
export type CacheFactory = (namespace: string) => CacheStore
