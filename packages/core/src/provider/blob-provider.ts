import type { BlobHash } from '../wire/blob-hash.ts'
import type { Json } from '../wire/json.ts'
import type { ByteRange } from './cache-store.ts'
import type { ProviderContext } from './context.ts'

/** Which blob, and what its reference says about it. */
export interface RemoteRef {
  readonly hash: BlobHash
  readonly sizeBytes: number | undefined
  /** MIME type of the reference; empty when unknown. */
  readonly type: string
}

export type RemoteStat =
  | { readonly is: 'stored'; readonly sizeBytes: number | undefined }
  /** Not there: never sent, or not yet. */
  | { readonly is: 'absent' }
  /** Collected on purpose (HTTP 410). */
  | { readonly is: 'gone' }
  /** The store cannot tell. */
  | { readonly is: 'unknown' }

/** Where bytes come from. */
export interface BlobSource {
  /**
   * Opens a body, whole or a range. The bytes are not verified here: the cache manager does it before anybody sees them.
   *
   * A range that goes beyond the end gives what there is. One that holds no byte, or begins at or behind the end, is
   * `RANGE_INVALID`. A store that ignores ranges gives the whole, and `range` of the answer is `undefined`.
   *
   * @throws BseError `NOT_FOUND`, `GONE`, `RANGE_INVALID`, `UNAUTHORIZED`, `FORBIDDEN`, `RATE_LIMITED`, `NETWORK`.
   * @throws the signal's reason when aborted; an abort after the answer errors the stream, also when bytes have come already,
   *   and frees the connection.
   */
  open(ref: RemoteRef, options: { readonly range?: ByteRange; readonly signal: AbortSignal }): Promise<OpenedBlob>
  /** A URL that an `<img>` loads without headers. Left out where the store has none. */
  url?(ref: RemoteRef, options: { readonly expiresInMs: number; readonly signal: AbortSignal }): Promise<RemoteUrl>
  /**
   * Everything that the caller may see in the store, page by page. What comes meanwhile may be missing. Left out where the store cannot say.
   *
   * @throws BseError as `stat` does.
   */
  list?(options: { readonly signal: AbortSignal }): AsyncIterable<readonly BlobHash[]>
  /** One answer for each hash, in order, also for none and for one that is named twice. An upload that failed is `absent`. */
  stat(hashes: readonly BlobHash[], options: { readonly signal: AbortSignal }): Promise<readonly RemoteStat[]>
}

export interface OpenedBlob {
  readonly body: ReadableStream<Uint8Array>
  /** Of the whole blob, where the store said it. */
  readonly sizeBytes: number | undefined
  /** MIME type, where the store said one. Used only where no reference names it. */
  readonly type?: string
  /** What the body holds, when it is not the whole. */
  readonly range: ByteRange | undefined
}

export interface RemoteUrl {
  readonly url: string
  /** Since 1970, by this device's clock, wrong as that may be: now and what is left of the URL's life. `undefined` when it does not expire. */
  readonly expiresAtMs: number | undefined
}

/** Bytes to send. `blob` reads lazily, has been verified against `hash` in this session, and never changes. */
export interface UploadTask {
  readonly hash: BlobHash
  readonly sizeBytes: number
  readonly type: string
  readonly blob: Blob
}

export interface UploadProgress {
  /** Handed to the network. May go back after a cut, and only then. */
  readonly sentBytes: number
  /** Acknowledged by the store: a resume does not send them again. */
  readonly confirmedBytes: number
}

export interface UploadIo {
  /** What an earlier try of this very provider saved; only the adapter reads it. */
  readonly checkpoint: Json | undefined
  /** Resolves once it survives a crash. Never called with a secret unless `capabilities.checkpointIsSecret`. */
  saveCheckpoint(next: Json): Promise<void>
  onProgress(progress: UploadProgress): void
  readonly signal: AbortSignal
}

export interface UploadReceipt {
  /** What the store compared before it said yes. */
  readonly verified: 'sha256' | 'size' | 'none'
}

export type UploadOutcome =
  | { readonly hash: BlobHash; readonly receipt: UploadReceipt }
  | { readonly hash: BlobHash; readonly error: unknown }

/** Where bytes go. Keys are content hashes, so every upload is idempotent: "already there" is success. */
export interface BlobSink {
  /**
   * Resolves when the store has acknowledged all bytes; never before. Other providers of this store see them from then on.
   * A checkpoint that means nothing any more is no error: the upload begins anew.
   *
   * @throws BseError `NETWORK`, `RATE_LIMITED`, `UNAUTHORIZED` (try again); `HASH_MISMATCH`, `REJECTED`, `TOO_LARGE`,
   *   `FORBIDDEN`, `STORAGE_FULL` otherwise.
   * @throws the signal's reason when aborted; what the checkpoint names may stay on the server until `abandon`.
   */
  upload(task: UploadTask, io: UploadIo): Promise<UploadReceipt>
  /** Many small blobs in one request, one outcome each. Left out where the store has no such thing. */
  readonly batch?: {
    /** Blobs up to this size go into a batch. */
    readonly maxBlobBytes: number
    readonly maxTotalBytes: number
    readonly maxCount: number
    upload(tasks: readonly UploadTask[], options: { readonly signal: AbortSignal }): Promise<readonly UploadOutcome[]>
  }
  /** Frees what a checkpoint holds on the server, also after a restart; never what is stored. Fine when it is gone already. */
  abandon(checkpoint: Json, options: { readonly signal: AbortSignal }): Promise<void>
  /** Removes the object. Left out where the server collects by itself. */
  delete?(hash: BlobHash, options: { readonly signal: AbortSignal }): Promise<void>
}

export interface BlobProviderCapabilities {
  /** A cut upload goes on where it was; else it starts again from byte 0. */
  readonly resumable: boolean
  readonly maxBytes: number | undefined
  /** The store answers "already there" without taking the bytes again. */
  readonly dedupes: boolean
  /** The checkpoint is a credential: kept in state only, wiped on logout, never logged. */
  readonly checkpointIsSecret: boolean
}

/** One remote store of bytes. The seam that `@bse/blob-*` packages implement. It neither retries nor backs off: core does. */
export interface BlobProvider extends BlobSource, BlobSink {
  /** Appears in errors and logs, for example `http`. */
  readonly name: string
  /**
   * Names the store that the ledger's beliefs are about, for example `http:https://photos.example/blobs`. Stable over
   * sessions; another one when the bytes would go elsewhere, so that a moved app does not believe an old `stored`.
   */
  readonly remoteId: string
  readonly capabilities: BlobProviderCapabilities
  /** Called once, before anything else. */
  connect(context: ProviderContext): void
  /** Aborts what is under way. Calling it twice is fine. */
  close(): Promise<void>
}
