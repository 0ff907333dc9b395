import type { BlobHash } from '@bse/core/wire'

export interface StageRequest {
  readonly stageId: string
  readonly source: Blob | ReadableStream<Uint8Array>
  readonly expect: BlobHash | undefined
  readonly signal: AbortSignal
}

export interface WrittenStage {
  readonly hash: BlobHash
  readonly sizeBytes: number
}

/** Hashes a source while writing it to `staging/<stageId>`. */
export interface Stager {
  /**
   * @throws BseError `HASH_MISMATCH`, `STORAGE_FULL`, `STORAGE_FAILED`; the source's own error; the signal's reason.
   */
  stage(request: StageRequest): Promise<WrittenStage>
  close(): void
}
