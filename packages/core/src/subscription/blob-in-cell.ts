import { isProvisional } from '../model/ids.ts'
import { isBlobHash } from '../wire/blob-hash.ts'
import { isJsonObject, type Json } from '../wire/json.ts'
import type { LentBlob } from './lent-url.ts'

/** The blob that a cell names, by a reference or by a bare hash; `undefined` for an empty cell and for anything else. */
export function blobInCell(value: unknown): LentBlob | undefined {
  if (isName(value)) return { hash: value, sizeBytes: undefined, type: '' }
  if (!isJsonObject(value)) return undefined
  const { hash, sizeBytes, type } = value as { readonly [key: string]: Json | undefined }
  if (!isName(hash)) return undefined
  return { hash, sizeBytes: typeof sizeBytes === 'number' ? sizeBytes : undefined, type: typeof type === 'string' ? type : '' }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && (isBlobHash(value) || isProvisional(value))
}
