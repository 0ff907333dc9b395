import type { BseError } from '../errors.ts'

/** The URLs of one row's blobs. A column without a blob is `undefined`; while bytes are not here it is `PLACEHOLDER_URL`. */
export type RowBlobUrls<Column extends string> = { readonly [column in Column]: string | undefined }

/** By row id. Has an entry for every row of the snapshot's `data`, and for no other. */
export type BlobUrls<Column extends string> = { readonly [rowId: string]: RowBlobUrls<Column> }

/** What a live query shows at one moment. Parts that did not change keep their identity from snapshot to snapshot. */
export interface LiveSnapshot<Row, Column extends string = string> {
  readonly data: readonly Row[]
  readonly blobUrls: BlobUrls<Column>
  /** Until the rows of this device have been read; it does not wait for the network. */
  readonly isLoading: boolean
  /** The query is invalid, or syncing has stopped. Missing bytes of one blob are not an error here. */
  readonly error: BseError | undefined
}

export interface LiveQuery<Row, Column extends string = string> {
  /**
   * The same object while nothing changed. Works without a subscription: its URLs then stay valid for a short grace,
   * which each call starts again.
   */
  getSnapshot(): LiveSnapshot<Row, Column>
  /** `listener` runs after every change. The last one to leave releases rows and URLs, after a short grace. */
  subscribe(listener: () => void): () => void
}

export interface LiveOptions<Column extends string = string> {
  /** The blob columns whose URLs are wanted. No other is opened or fetched. Default: none. */
  readonly includeBlobs?: readonly Column[]
  /** Signs URLs that expire again before they do. Object URLs never expire. Default: true. */
  readonly refreshUrls?: boolean
}

/** A query that can be shown live, as the engine hands it out. Equal ones need not be identical. */
export interface LiveSource<Row, BlobColumn extends string> {
  /** Equal for equal queries of one engine. */
  readonly key: string
  /** Answers the same object for an equal query and equal options while that is in use. */
  live(options: LiveOptions<BlobColumn>): LiveQuery<Row, BlobColumn>
}
