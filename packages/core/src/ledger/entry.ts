import { UNKNOWN_REMOTE, type LedgerEntry, type RemoteRecord } from '../model/ledger-entry.ts'
import { nextLocal, type LocalEvent } from './local-transition.ts'
import { nextRemote, type RemoteEvent } from './remote-transition.ts'

/** Where bytes count as safe: the remotes that must have them before this device may drop its copy. */
export interface DurabilityPolicy {
  /** Every remote that writes go to, the primary first. */
  readonly remoteIds: readonly string[]
}

export function remoteOf(entry: LedgerEntry, remoteId: string): RemoteRecord {
  return entry.remotes[remoteId] ?? UNKNOWN_REMOTE
}

export function storedSomewhere(entry: LedgerEntry): boolean {
  return Object.values(entry.remotes).some((remote) => remote.state === 'stored')
}

/** Whether the bytes can be had for a remote that wants them: here, or, for a mirror, from another remote. */
export function canSend(entry: LedgerEntry): boolean {
  return entry.local === 'present' || (entry.local === 'absent' && storedSomewhere(entry))
}

/** True when this device owes nobody these bytes: they are elsewhere, or nothing names them any more. */
export function evictable(entry: LedgerEntry, referenced: boolean): boolean {
  if (entry.claims.length > 0) return false
  return storedSomewhere(entry) || !referenced
}

export function withLocal(entry: LedgerEntry, event: LocalEvent, referenced: boolean): LedgerEntry {
  const local = nextLocal(entry.local, event, { evictable: evictable(entry, referenced), storedSomewhere: storedSomewhere(entry) })
  const stageId = local === 'staged' ? entry.stageId : undefined
  const inline = local === 'absent' || local === 'lost' ? false : entry.inline
  return { ...entry, local, stageId, inline }
}

/** What an event carries for the record beside the state. */
export interface RemoteChange {
  readonly epoch?: number
  readonly nextAtMs?: number
  readonly countsAttempt?: boolean
  readonly reason?: { readonly code: string; readonly message: string }
}

export function withRemote(entry: LedgerEntry, remoteId: string, event: RemoteEvent, referenced: boolean, change: RemoteChange = {}): LedgerEntry {
  const before = remoteOf(entry, remoteId)
  const facts = { present: entry.local === 'present', claimed: entry.claims.length > 0, referenced }
  const state = nextRemote(before.state, event, facts)
  // The same object when nothing changes: a write of nothing would be a change to everybody who follows.
  if (state === before.state && event !== 'failRetryable') return entry
  const record = remoteRecord(before, state, event, change)
  return { ...entry, remotes: { ...entry.remotes, [remoteId]: record } }
}

function remoteRecord(before: RemoteRecord, state: RemoteRecord['state'], event: RemoteEvent, change: RemoteChange): RemoteRecord {
  const running = state === 'uploading' || state === 'cancelling'
  const working = running || state === 'owed' || state === 'parked'
  const failed = event === 'failRetryable' || event === 'failFinal'
  const anew = event === 'claim' || event === 'retry' || event === 'needsBlobs'
  return {
    state,
    epoch: running ? (change.epoch ?? before.epoch) : 0,
    attempts: working && !anew ? before.attempts + (change.countsAttempt === true ? 1 : 0) : 0,
    failures: working && !anew ? before.failures + (failed ? 1 : 0) : 0,
    nextAtMs: state === 'owed' && !anew ? (change.nextAtMs ?? before.nextAtMs) : 0,
    checkpoint: working ? before.checkpoint : undefined,
    reason: state === 'parked' ? (change.reason ?? before.reason ?? { code: 'BLOB_MISSING', message: 'the bytes are not on this device' }) : undefined,
  }
}

export function withCheckpoint(entry: LedgerEntry, remoteId: string, checkpoint: RemoteRecord['checkpoint']): LedgerEntry {
  return { ...entry, remotes: { ...entry.remotes, [remoteId]: { ...remoteOf(entry, remoteId), checkpoint } } }
}

/** A claim makes the blob owed to every remote of the policy that is not known to have it. */
export function withClaim(entry: LedgerEntry, owner: string, policy: DurabilityPolicy, referenced: boolean): LedgerEntry {
  const claimed = entry.claims.includes(owner) ? entry : { ...entry, claims: [...entry.claims, owner] }
  return policy.remoteIds.reduce((next, remoteId) => withRemote(next, remoteId, 'claim', referenced), claimed)
}

export function withoutClaim(entry: LedgerEntry, owner: string, referenced: boolean): LedgerEntry {
  if (!entry.claims.includes(owner)) return entry
  const claims = entry.claims.filter((claim) => claim !== owner)
  const dropped: LedgerEntry = { ...entry, claims }
  if (claims.length > 0) return dropped
  // A write that is through leaves mirrors that still want the bytes: they are owed by us, not by the write.
  const stays = (remoteId: string): boolean => storedSomewhere(entry) && remoteOf(entry, remoteId).state !== 'stored'
  const left = Object.keys(entry.remotes).filter((remoteId) => !stays(remoteId))
  return left.reduce((next, remoteId) => withRemote(next, remoteId, 'lastClaimDropped', referenced), dropped)
}

/** Whether a start has to look at it: half-done local work, a claim of the queue, or something to do at a remote. */
export function hasWork(entry: LedgerEntry): boolean {
  if (entry.claims.length > 0 || entry.local === 'staged' || entry.local === 'evicting') return true
  return Object.values(entry.remotes).some(({ state }) => state === 'owed' || state === 'uploading' || state === 'cancelling' || state === 'parked')
}
