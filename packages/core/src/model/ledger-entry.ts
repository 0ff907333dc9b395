import type { BlobHash } from '../wire/blob-hash.ts'
import type { Json } from '../wire/json.ts'

/** Where the bytes of a blob are on this device. */
export type LocalState = 'absent' | 'staged' | 'present' | 'evicting' | 'lost'

/** What this device believes of one remote. */
export type RemoteState = 'unknown' | 'absent' | 'owed' | 'uploading' | 'cancelling' | 'stored' | 'parked' | 'gone'

export interface RemoteRecord {
  readonly state: RemoteState
  /** The lease under which an upload or a cancel was begun; 0 in all other states. */
  readonly epoch: number
  /** Tries that blamed the item itself; network trouble does not count. */
  readonly attempts: number
  /** Consecutive tries that failed for any reason: what the backoff grows with. */
  readonly failures: number
  /** Not before this wall time (since 1970); 0 means at once. */
  readonly nextAtMs: number
  /** What the adapter needs to go on with an upload. */
  readonly checkpoint: Json | undefined
  /** Why it is parked: an error code, and a sentence for people. */
  readonly reason: { readonly code: string; readonly message: string } | undefined
}

/** One record per blob. */
export interface LedgerEntry {
  readonly v: 1
  readonly hash: BlobHash
  readonly sizeBytes: number
  /** MIME type of the first reference; the reference's own type is what readers use. */
  readonly type: string
  readonly local: LocalState
  /** The bytes are in `bytes/<hex>` instead of the cache store. */
  readonly inline: boolean
  /** While `staged`: what to remove when its owner died. */
  readonly stageId: string | undefined
  /** Owners of a claim: mutation ids, or `adopt`. Kept here so that "the last one went" is decided inside the update. */
  readonly claims: readonly string[]
  /** By `remoteId` of the provider. A remote that is not named is `unknown`. */
  readonly remotes: { readonly [remoteId: string]: RemoteRecord }
}

export const UNKNOWN_REMOTE: RemoteRecord = {
  state: 'unknown', epoch: 0, attempts: 0, failures: 0, nextAtMs: 0, checkpoint: undefined, reason: undefined,
}

export function newLedgerEntry(hash: BlobHash, sizeBytes: number, type: string): LedgerEntry {
  return { v: 1, hash, sizeBytes, type, local: 'absent', inline: false, stageId: undefined, claims: [], remotes: {} }
}
