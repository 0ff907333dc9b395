import type { ValidationIssue } from '../errors.ts'
import type { BlobRef } from '../wire/blob-ref.ts'
import { isBlob, nameOf, readHash } from './blob-value.ts'
import { tryEncode } from './encode.ts'
import { matchesMimeType } from './mime.ts'
import type { BlobColumn } from './schema.ts'
import type { BlobWrite, ValidateOptions } from './validate.ts'

export interface BlobInputResult {
  readonly write?: BlobWrite
  readonly ref?: BlobRef
  readonly issues: readonly ValidationIssue[]
}

/** Reads what was given for a blob column: bytes, a reference, or a hash. The bytes themselves are not touched. */
export function readBlobInput(column: BlobColumn, value: unknown, resolveRef: ValidateOptions['resolveRef']): BlobInputResult {
  if (isBlob(value)) {
    const issues = checkLimits(column, value.type, value.size)
    return { write: { column: column.name, blob: value, type: value.type, name: nameOf(value) }, issues }
  }
  const ref = typeof value === 'string' ? resolve(value, resolveRef) : readRef(column, value)
  if (ref === undefined) return { issues: [issueOf(column, 'type', messageFor(value))] }
  return { ref, issues: checkLimits(column, ref.type, ref.sizeBytes) }
}

function resolve(text: string, resolveRef: ValidateOptions['resolveRef']): BlobRef | undefined {
  const hash = readHash(text)
  return hash && resolveRef?.(hash)
}

function readRef(column: BlobColumn, value: unknown): BlobRef | undefined {
  const encoded = tryEncode(column, value)
  return 'problem' in encoded ? undefined : (encoded.value as BlobRef)
}

function messageFor(value: unknown): string {
  return typeof value === 'string' ? 'is not the hash of a known blob' : 'is neither a File, a Blob, a blob reference nor a hash'
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
