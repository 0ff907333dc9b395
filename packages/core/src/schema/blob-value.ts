import { parseBlobHash, type BlobHash } from '../wire/blob-hash.ts'
import { parseBlobRef, type BlobRef } from '../wire/blob-ref.ts'
import { isJsonObject, type Json } from '../wire/json.ts'

/** Stands for a hash while the bytes are still being read. Lives in one tab's memory, never in state or on the wire. */
export type ProvisionalHash = `pending:${string}`

const PROVISIONAL = 'pending:'

export function isProvisionalHash(value: unknown): value is ProvisionalHash {
  return typeof value === 'string' && value.startsWith(PROVISIONAL) && value.length > PROVISIONAL.length
}

/** True for a `Blob` or `File` of any realm (an iframe, jsdom), which `instanceof` would miss. */
export function isBlob(value: unknown): value is Blob {
  if (typeof value !== 'object' || value === null) return false
  const tag = Object.prototype.toString.call(value)
  if (tag !== '[object Blob]' && tag !== '[object File]') return false
  const { size, type, slice } = value as { readonly size?: unknown; readonly type?: unknown; readonly slice?: unknown }
  return typeof size === 'number' && typeof type === 'string' && typeof slice === 'function'
}

/** The name of a `File`, made storable; a name is a hint and no reason to refuse bytes. */
export function nameOf(blob: Blob): string | undefined {
  const { name } = blob as { readonly name?: unknown }
  if (typeof name !== 'string') return undefined
  return name.toWellFormed().replaceAll('\0', '') || undefined
}

/** A reference in a row, or one whose hash is not known yet; `undefined` for anything else. */
export function readBlobRef(value: unknown): BlobRef | undefined {
  if (!isJsonObject(value) || !isProvisionalHash(value.hash)) return parseBlobRef(value)
  const shape = parseBlobRef({ ...value, hash: `sha256:${'0'.repeat(64)}` })
  return shape && (value as BlobRef)
}

/** What a text names, in either spelling. */
export function readHash(text: string): BlobHash | ProvisionalHash | undefined {
  return isProvisionalHash(text) ? text : parseBlobHash(text)
}

/**
 * The hash that a cell of a row names, read as generously as possible: bytes are kept for a reference that is otherwise
 * malformed.
 */
export function hashInCell(value: Json | undefined): BlobHash | ProvisionalHash | undefined {
  const text = isJsonObject(value) ? value.hash : value
  return typeof text === 'string' ? readHash(text) : undefined
}
