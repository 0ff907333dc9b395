import { isBlobHash, type BlobHash } from './blob-hash.ts'
import { isJsonObject, type Json } from './json.ts'

/**
 * The value of a blob column: a name of bytes with what a reader needs before it has them. Plain JSON (jsonb in Postgres).
 * Content addressing forgets type and file name, so they live here, on the reference.
 */
export type BlobRef = {
  readonly hash: BlobHash
  readonly sizeBytes: number
  /** MIME type as the writer gave it; empty when unknown. Never trusted by a server. */
  readonly type: string
  readonly name?: string
  /** What was derived from the bytes, for example `width` or `thumbhash`. */
  readonly [derived: string]: Json
}

/** The blob that a cell names, by a reference or by its bare hash. */
export function blobNamedBy(cell: Json | undefined): BlobHash | undefined {
  return isBlobHash(cell) ? cell : parseBlobRef(cell)?.hash
}

/** Reads a reference out of untrusted JSON; `undefined` when it is not one. Unknown keys are kept. */
export function parseBlobRef(value: unknown): BlobRef | undefined {
  if (!isJsonObject(value)) return undefined
  const { hash, sizeBytes, type, name } = value
  if (!isBlobHash(hash) || typeof type !== 'string') return undefined
  if (typeof sizeBytes !== 'number' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return undefined
  if (name !== undefined && typeof name !== 'string') return undefined
  return value as BlobRef
}
