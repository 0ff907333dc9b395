import type { BlobHash } from './wire/blob-hash.ts'

/**
 * Why an operation failed, and what data comes with each reason. The list is closed: a new code is a minor release.
 * Sizes are bytes, waits are milliseconds.
 */
export interface BseErrorDetails {
  /** Nobody that could be asked has it: a row, or a blob in the network. */
  NOT_FOUND: { readonly what: 'row' | 'blob'; readonly id: string }
  /** The bytes were there once and were collected on purpose. */
  GONE: { readonly hash: BlobHash }
  /** Bytes do not have the hash that their name claims. Nothing of them was kept. */
  HASH_MISMATCH: { readonly expected: BlobHash; readonly actual: BlobHash | undefined }
  /** The device, or the server behind a provider, has no room. */
  STORAGE_FULL: {
    readonly neededBytes: number | undefined
    readonly availableBytes: number | undefined
    /** Bytes on this device that cannot make room, because no server has them yet. */
    readonly pinnedBytes?: number
  }
  /** Input breaks the schema. Nothing was stored. */
  VALIDATION_FAILED: { readonly issues: readonly ValidationIssue[] }
  /** A configuration that contradicts itself or names something unknown. Thrown by constructors. */
  CONFIG_INVALID: { readonly option: string }
  /** A provider was asked for by a name that nothing has registered. */
  PROVIDER_NOT_INSTALLED: { readonly section: 'blobs' | 'data'; readonly provider: string }
  /** An engine of this name is open in this page already; in Node, another process has its database open. */
  ALREADY_OPEN: { readonly name: string }
  /** The engine, store or connection was closed. */
  CLOSED: { readonly what: string }
  /** The write cannot be queued and the network is away. */
  OFFLINE: Record<never, never>
  /** The write would go over `offline.maxQueueSize`. Nothing of it was stored, and nothing queued was dropped. Sizes are bytes. */
  QUEUE_FULL: { readonly neededBytes: number; readonly queuedBytes: number; readonly limitBytes: number }
  /** The request did not reach the other side, or its answer was lost. Says nothing about whether it took effect. */
  NETWORK: { readonly status: number | undefined }
  /** The other side asked for patience. `retryAfterMs` counts from now. */
  RATE_LIMITED: { readonly retryAfterMs: number | undefined }
  /** The credentials are missing or expired. */
  UNAUTHORIZED: Record<never, never>
  /** Somebody else is signed in than the one whose storage this is: everything has stopped. What is queued stays theirs. */
  PRINCIPAL_CHANGED: Record<never, never>
  /** The person signed out, in this tab or another: this engine has ended. */
  SIGNED_OUT: Record<never, never>
  /** Signing out would lose what no server has yet; say what is to become of it. */
  PENDING_WORK: { readonly mutations: number; readonly uploads: number }
  /** The credentials are fine and do not allow this. */
  FORBIDDEN: Record<never, never>
  /** The other side understood and refused: it will refuse again. */
  REJECTED: { readonly status: number | undefined; readonly reason: string }
  /** Larger than the other side takes. */
  TOO_LARGE: { readonly sizeBytes: number | undefined; readonly limitBytes: number | undefined }
  /** A byte range outside of the blob. */
  RANGE_INVALID: { readonly sizeBytes: number | undefined }
  /** An adapter failed in a way that it cannot classify. `cause` has the original. */
  PROVIDER_FAILED: { readonly provider: string }
  /** Local storage failed in a way that is not about room. */
  STORAGE_FAILED: { readonly store: string }
  /** Storage was written by a newer version of this library. It is left untouched. */
  SCHEMA_TOO_NEW: { readonly found: number; readonly known: number }
  /** Another tab leads by now: the commit was not made. */
  LOST_LEASE: { readonly epoch: number }
  /** A write that this one needs has failed or was taken back. */
  DEPENDENCY_FAILED: { readonly mutationId: string | undefined }
  /** The write was discarded by the user before the server had it. */
  DISCARDED: { readonly mutationId: string }
  /** A row names bytes that neither this device nor the remote has. */
  BLOB_MISSING: { readonly hashes: readonly BlobHash[] }
  /** A query names a column that its table does not have, or compares what cannot be compared. */
  QUERY_INVALID: { readonly table: string; readonly column: string | undefined }
}

/** One thing that is wrong with an input: where, and what the schema wants there. */
export interface ValidationIssue {
  readonly column: string
  readonly rule: 'type' | 'required' | 'unknown-column' | 'mime-type' | 'max-size' | 'custom' | 'reserved'
  readonly message: string
}

export type BseErrorCode = keyof BseErrorDetails

const RETRYABLE: ReadonlySet<BseErrorCode> = new Set(['OFFLINE', 'NETWORK', 'RATE_LIMITED', 'UNAUTHORIZED', 'LOST_LEASE'])
const BRAND = 'bse.error'

/**
 * The one error class of the project. Switch on `code`; `message` names package and operation and is for people.
 * It is recognised by a brand (`isBseError`), so that two copies of this module in one page agree.
 */
export class BseError<Code extends BseErrorCode = BseErrorCode> extends Error {
  override readonly name = 'BseError'
  readonly code: Code
  readonly details: BseErrorDetails[Code]
  /** True when the same call may succeed later without anybody changing it. */
  readonly retryable: boolean
  /** Equals `code`, so that Effect's `catchTag` works. */
  readonly _tag: Code
  readonly brand: 'bse.error' = BRAND

  constructor(code: Code, message: string, details: BseErrorDetails[Code], options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
    this._tag = code
    this.details = details
    this.retryable = RETRYABLE.has(code)
  }
}

/** An error of any copy of this module; narrow further by `code`. */
export function isBseError(value: unknown): value is { [Code in BseErrorCode]: BseError<Code> }[BseErrorCode] {
  return typeof value === 'object' && value !== null && (value as { readonly brand?: unknown }).brand === BRAND
}

/** True when `value` is a `BseError` of exactly this code. */
export function hasCode<Code extends BseErrorCode>(value: unknown, code: Code): value is BseError<Code> {
  return isBseError(value) && value.code === code
}
