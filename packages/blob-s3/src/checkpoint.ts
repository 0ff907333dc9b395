import { isBlobHash, isJsonObject, type BlobHash, type FinishedPart, type Json, type MultipartUpload } from '@bse/core/wire'

/** What a multipart upload leaves for the next try, and for whoever has to free it. Holds nothing that permits anything. */
export interface Checkpoint {
  readonly hash: BlobHash
  readonly sizeBytes: number
  readonly type: string
  readonly upload: MultipartUpload
  readonly partBytes: number
  readonly parts: readonly FinishedPart[]
}

const FORMAT = 's3-multipart-1'

export function checkpointToJson({ parts, upload, ...rest }: Checkpoint): Json {
  return { format: FORMAT, ...rest, upload: { ...upload }, parts: parts.map(({ etag, partNumber }) => [partNumber, etag]) }
}

/** `undefined` for anything that was not written here: the upload then begins anew. */
export function checkpointFromJson(json: Json | undefined): Checkpoint | undefined {
  if (!isJsonObject(json) || json.format !== FORMAT) return undefined
  const { hash, partBytes, parts, sizeBytes, type, upload } = json
  if (!isBlobHash(hash) || typeof sizeBytes !== 'number' || typeof type !== 'string' || typeof partBytes !== 'number' || partBytes < 1) return undefined
  if (!isJsonObject(upload) || typeof upload.id !== 'string' || typeof upload.uploadId !== 'string' || !Array.isArray(parts)) return undefined
  const finished = (parts as readonly Json[]).map(partFromJson)
  if (!finished.every((part) => part !== undefined)) return undefined
  return { hash, sizeBytes, type, upload: { id: upload.id, uploadId: upload.uploadId }, partBytes, parts: finished }
}

function partFromJson(json: Json): FinishedPart | undefined {
  if (!Array.isArray(json)) return undefined
  const [partNumber, etag] = json as readonly Json[]
  return typeof partNumber === 'number' && typeof etag === 'string' ? { partNumber, etag } : undefined
}
