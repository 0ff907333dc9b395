import type { ValidationIssue } from '../errors.ts'
import { parseBlobHash, type BlobHash } from '../wire/blob-hash.ts'
import type { BlobRef } from '../wire/blob-ref.ts'
import { isBlob, nameOf, readBlobRef, readHash } from './blob-value.ts'
import { copyJson } from './json-copy.ts'
import { matchesMimeType } from './mime.ts'
import type { BlobColumn } from './schema.ts'
import type { BlobWrite, ValidateOptions } from './validate.ts'

export interface BlobInputResult {
  readonly write?: BlobWrite
  /** What the cell holds from now on. */
  readonly cell?: BlobRef | BlobHash
  readonly issues: readonly ValidationIssue[]
}

/** Reads what was given for a blob column: bytes, a reference, or a hash. The bytes themselves are not touched. */
export function readBlobInput(column: BlobColumn, value: unknown, resolveRef: ValidateOptions['resolveRef']): BlobInputResult {
  if (isBlob(value)) {
    const issues = checkLimits(column, value.type, value.size)
    return { write: { column: column.name, blob: value, type: value.type, name: nameOf(value), asHash: column.holdsHash }, issues }
  }
  const ref = typeof value === 'string' ? resolve(value, resolveRef) : readRef(value)
  if (ref !== undefined && column.holdsHash) return { cell: ref.hash, issues: checkKnown(column, ref.type, ref.sizeBytes) }
  if (ref !== undefined) return { cell: ref, issues: checkLimits(column, ref.type, ref.sizeBytes) }
  // Bytes that this device has not met are named all the same: whoever brought them in has checked them.
  const hash = column.holdsHash && typeof value === 'string' ? parseBlobHash(value) : undefined
  return hash === undefined ? { issues: [issueOf(column, 'type', messageFor(value))] } : { cell: hash, issues: [] }
}

/** Why a column would not take these bytes; nothing where it does. */
export function blobProblems(column: BlobColumn, blob: Blob): readonly ValidationIssue[] {
  return checkKnown(column, blob.type, blob.size)
}

function resolve(text: string, resolveRef: ValidateOptions['resolveRef']): BlobRef | undefined {
  const hash = readHash(text)
  return hash && resolveRef?.(hash)
}

function readRef(value: unknown): BlobRef | undefined {
  const copy = copyJson(value)
  return 'problem' in copy ? undefined : readBlobRef(copy.value)
}

function messageFor(value: unknown): string {
  return typeof value === 'string' ? 'is not the hash of a known blob' : 'is neither a File, a Blob, a blob reference nor a hash'
}

/** Bytes that came without a type, as an ArrayBuffer does, are judged by their size alone. */
function checkKnown(column: BlobColumn, type: string, sizeBytes: number): ValidationIssue[] {
  return checkLimits(type === '' ? { ...column, mimeTypes: undefined } : column, type, sizeBytes)
}

function checkLimits(column: BlobColumn, type: string, sizeBytes: number): ValidationIssue[] {
  const issues: ValidationIssue[] = []
  const { mimeTypes, maxSizeBytes } = column
  if (mimeTypes !== undefined && !matchesMimeType(mimeTypes, type)) {
    issues.push(issueOf(column, 'mime-type', `is not of type ${mimeTypes.join(' or ')}`))
  }
  if (maxSizeBytes !== undefined && sizeBytes > maxSizeBytes) {
    issues.push(issueOf(column, 'max-size', `has ${sizeBytes} bytes, ${maxSizeBytes} are allowed`))
  }
  return issues
}

function issueOf(column: BlobColumn, rule: ValidationIssue['rule'], message: string): ValidationIssue {
  return { column: column.name, rule, message }
}
