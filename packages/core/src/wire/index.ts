export { BseError, hasCode, isBseError, type BseErrorCode, type BseErrorDetails, type ValidationIssue } from '../errors.ts'
export { blobHashFromBytes, blobHashFromHex, fileNameOf, hexOf, isBlobHash, parseBlobHash, type BlobHash } from './blob-hash.ts'
export { parseBlobRef, type BlobRef } from './blob-ref.ts'
export { BATCH_HEAD_BYTES, decodeBatchHead, encodeBatchHead, type BatchHead } from './batch-frame.ts'
export {
  BATCH_CONTENT_TYPE, BATCH_LIMITS, STAT_MAX_COUNT, blobPath, hashFromPathSegment, type BatchAnswer, type BlobListPage, type PutAnswer,
  type StatAnswer, type StatEntry,
} from './blob-routes.ts'
export { errorFromWire, errorToWire, type ErrorWire } from './error-wire.ts'
export { isJsonObject, type Json, type JsonObject } from './json.ts'
export {
  MUTATION_LIMITS, isMutationId, mutationTimeMs, parseMutationAnswer, parseMutationRequest, type MutationAnswer, type MutationOutcome,
  type MutationRequest, type ReceivedMutation,
} from './mutation-routes.ts'
export { PRESENCE_FIELD, PRESENCE_LIMITS, parseBlobAwareness, type BlobAwareness } from './presence.ts'
export { AnnouncedSet, SetDigest } from './presence-set.ts'
export type { MutationId, MutationOp, MutationWire, RowWire } from './mutation-wire.ts'
export {
  UPLOAD_GONE, type FinishedPart, type MultipartUpload, type PresignAnswers, type PresignRequest, type PresignUpload, type SignedRequest,
} from './presign.ts'
