import type { BlobHash } from './blob-hash.ts'
import type { StatAnswer } from './blob-routes.ts'

/** What a client asks a presign endpoint, as the JSON body of a POST. `docs/spec/wire.md` is the contract. */
export type PresignRequest =
  | { readonly do: 'stat'; readonly hashes: readonly BlobHash[] }
  | { readonly do: 'get'; readonly hash: BlobHash; readonly type: string; readonly expiresInMs: number }
  | ({ readonly do: 'put' } & PresignBlob)
  | ({ readonly do: 'create' } & PresignBlob)
  | ({ readonly do: 'part'; readonly partNumber: number; readonly partBytes: number } & PresignUploadOf<MultipartUpload>)
  | ({ readonly do: 'list' } & PresignUploadOf<MultipartUpload>)
  | ({ readonly do: 'abort' } & PresignUploadOf<MultipartUpload>)
  | ({ readonly do: 'complete'; readonly parts?: readonly FinishedPart[] } & PresignUploadOf<PresignUpload>)

interface PresignBlob {
  readonly hash: BlobHash
  readonly sizeBytes: number
  /** MIME type of the reference; empty when unknown. For `authorize`: nothing is stored under it. */
  readonly type: string
}

type PresignUploadOf<Upload> = PresignBlob & { readonly upload: Upload }

/** An upload that was begun. `id` makes its place in the store its own. */
export interface PresignUpload {
  readonly id: string
  /** Of the store, for multipart only. */
  readonly uploadId?: string
}

export type MultipartUpload = Required<PresignUpload>

export interface FinishedPart {
  /** From 1. */
  readonly partNumber: number
  /** As the store gave it, with its quotes. */
  readonly etag: string
}

/** A request to the store that needs nothing but itself. Sent with exactly these headers; `content-length` is signed besides and not listed. */
export interface SignedRequest {
  readonly method: 'GET' | 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** From the moment of the answer, by the server's clock. */
  readonly expiresInMs: number
}

/** Answers by what was asked. Errors are those of a blob server. */
export interface PresignAnswers {
  readonly stat: StatAnswer
  readonly get: { readonly request: SignedRequest }
  /** `stored`: the caller may read it, and it is there: nothing is to be sent. */
  readonly put: { readonly stored: true } | { readonly upload: PresignUpload; readonly request: SignedRequest }
  readonly create: { readonly stored: true } | { readonly upload: MultipartUpload }
  readonly part: { readonly request: SignedRequest }
  /** `unlisted`: the store cannot tell, the client's own list counts. */
  readonly list: { readonly parts: readonly (FinishedPart & { readonly sizeBytes: number })[] } | { readonly unlisted: true }
  readonly complete: { readonly hash: BlobHash; readonly sizeBytes: number; readonly verified: 'sha256' | 'size' }
  readonly abort: Record<never, never>
}

/** The reason in a `REJECTED` that says: the store does not know this upload. Begin anew. */
export const UPLOAD_GONE = 'upload-gone'
