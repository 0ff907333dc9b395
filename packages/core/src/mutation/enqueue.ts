import { BseError } from '../errors.ts'
import type { Ingested } from '../cache/ingest.ts'
import { withClaim, withLocal, withoutClaim, type DurabilityPolicy } from '../ledger/entry.ts'
import type { References } from '../ledger/ledger.ts'
import { ledgerOps } from '../ledger/records.ts'
import { newLedgerEntry, type LedgerEntry } from '../model/ledger-entry.ts'
import { claimedHashes, hashesOf, type MutationRecord } from '../model/mutation.ts'
import type { StateOp, StateStore } from '../provider/state-store.ts'
import { ADMITTED_KEY, bytesKey, ledgerKey, MUTATION_SEQ_KEY, mutationKey, SIGN_OUT_KEY } from '../state/keys.ts'
import { ledgerAside, readAdmitted, readLedgerEntry, readMutation, replacing } from '../state/records.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { MutationId, MutationOp } from '../wire/mutation-wire.ts'
import { DISCARDED_KEY, withDiscarded } from './discarded.ts'
import { mergeable, mergeOps } from './merge.ts'
import { overlaidGet } from './settle.ts'

export interface EnqueueDeps {
  readonly state: StateStore
  readonly references: References
  readonly policy: DurabilityPolicy
}

export interface Enqueue {
  readonly id: MutationId
  readonly ops: readonly MutationOp[]
  /** Bytes that came with this write. */
  readonly blobs: readonly Ingested[]
  /**
   * The last write of the same row that this tab knows, and how many writes it knows of: it is merged with only when no tab has
   * queued anything since, else it might not be the last any more.
   */
  readonly mergeWith: { readonly seq: number; readonly queuedSoFar: number; readonly hashes: Iterable<BlobHash> } | undefined
  readonly createdAtMs: number
  readonly admitted: QueueRoom
}

/** The place of a write in the queue's limit. */
export interface QueueRoom {
  /** What it adds. */
  readonly sizeBytes: number
  /**
   * Asked inside the commit, with what all tabs ever queued: what came since this tab last looked counts as well.
   *
   * @throws BseError `QUEUE_FULL`.
   */
  assertRoomAfter(admittedBytes: number): void
}

/** Where the write is now. `undefined` as `id`: it met an insert that nobody had seen, and nothing is left of both. */
export interface Enqueued {
  readonly id: MutationId | undefined
  readonly seq: number
  readonly revision: number
}

/** Queue entry, claims, ledger and inline bytes in ONE strict update: the point from which on a write survives a crash. */
export function enqueue(deps: EnqueueDeps, write: Enqueue): Promise<Enqueued> {
  const candidateKey = write.mergeWith === undefined ? undefined : mutationKey(write.mergeWith.seq)
  const read = [MUTATION_SEQ_KEY, ADMITTED_KEY, DISCARDED_KEY, SIGN_OUT_KEY, ...[...hashesOf(write.ops)].map(ledgerKey)]
  if (candidateKey !== undefined) read.push(candidateKey)
  for (const hash of write.mergeWith?.hashes ?? []) read.push(ledgerKey(hash))
  return deps.state.update([...new Set(read)], (get) => {
    if (get(SIGN_OUT_KEY) !== undefined) throw new BseError('SIGNED_OUT', 'core: the person has signed out', {})
    const { admitted } = write
    const soFar = readAdmitted(get(ADMITTED_KEY))
    admitted.assertRoomAfter(soFar)
    const queued = typeof get(MUTATION_SEQ_KEY) === 'number' ? (get(MUTATION_SEQ_KEY) as number) : 0
    const last = write.mergeWith?.queuedSoFar === queued && candidateKey !== undefined ? readMutation(get(candidateKey)) : undefined
    // Something else may have been merged into it since, with blobs whose entries were not asked for: then this goes behind it.
    const isAsSeen = last !== undefined && [...claimedHashes(last)].every((hash) => read.includes(ledgerKey(hash)))
    const merged = isAsSeen ? tryMerge(deps, last, write, get) : undefined
    const { ops, result } = merged ?? append(deps, queued + 1, write, get)
    return { ops: admitted.sizeBytes === 0 ? ops : [...ops, { put: ADMITTED_KEY, value: soFar + admitted.sizeBytes }], result }
  }, { durability: 'strict' })
}

type Decision = { readonly ops: readonly StateOp[]; readonly result: Enqueued }

function append(deps: EnqueueDeps, seq: number, write: Enqueue, get: (key: string) => unknown): Decision {
  const record: MutationRecord = {
    v: 1, id: write.id, seq, revision: 0, ops: write.ops, state: { is: 'queued' }, attempts: 0, sent: false, failures: 0, nextAtMs: 0,
    createdAtMs: write.createdAtMs,
  }
  const ops: StateOp[] = [{ put: MUTATION_SEQ_KEY, value: seq }, { put: mutationKey(seq), value: record }]
  ops.push(...claimOps(deps, record.id, hashesOf(write.ops), write.blobs, get))
  return { ops, result: { id: record.id, seq, revision: 0 } }
}

function tryMerge(deps: EnqueueDeps, last: MutationRecord, write: Enqueue, get: (key: string) => unknown): Decision | undefined {
  const [first] = last.ops
  const [second] = write.ops
  if (first === undefined || second === undefined || write.ops.length > 1 || !mergeable(last)) return undefined
  if (first.table !== second.table || first.rowId !== second.rowId) return undefined
  const merge = mergeOps(first, second)
  if (merge.is === 'apart') return undefined
  const kept = merge.is === 'merged' ? [merge.op] : []
  const ops: StateOp[] = claimOps(deps, last.id, hashesOf(kept), write.blobs, get)
  const still = hashesOf(kept)
  const before = merge.is === 'merged' ? hashesOf(last.ops) : claimedHashes(last)
  for (const hash of before) if (!still.has(hash)) ops.push(...unclaimOps(deps, last.id, hash, overlaidGet(get, ops)))
  if (merge.is === 'nothing-left') {
    ops.push({ delete: mutationKey(last.seq) }, { put: DISCARDED_KEY, value: withDiscarded(get(DISCARDED_KEY), last.id) })
    return { ops, result: { id: undefined, seq: last.seq, revision: last.revision + 1 } }
  }
  const revision = last.revision + 1
  // A parked write that the person edits is tried again: they acted.
  ops.push({ put: mutationKey(last.seq), value: { ...last, ops: kept, revision, state: { is: 'queued' }, nextAtMs: 0 } satisfies MutationRecord })
  return { ops, result: { id: last.id, seq: last.seq, revision } }
}

function claimOps(
  deps: EnqueueDeps, owner: string, hashes: ReadonlySet<BlobHash>, blobs: readonly Ingested[], get: (key: string) => unknown,
): StateOp[] {
  const ops: StateOp[] = []
  for (const hash of hashes) {
    const blob = blobs.find((one) => one.hash === hash)
    const stored = get(ledgerKey(hash))
    const before = readLedgerEntry(stored)
    if (blob !== undefined) ops.push(...replacing(ledgerKey(hash), stored, ledgerAside(stored)))
    // A claim by reference: the bytes are not here and this device owes nothing. The server answers when it is pushed.
    if (before === undefined && blob === undefined) continue
    const entry = blob === undefined ? before : withBytes(before, blob, deps.references.count(hash) > 0)
    if (entry === undefined) continue
    const here = entry.local === 'present'
    ops.push(...ledgerOps(here ? withClaim(entry, owner, deps.policy, true) : entry))
    if (blob?.inlineBytes !== undefined && entry.inline) ops.push({ put: bytesKey(hash), value: blob.inlineBytes })
  }
  return ops
}

/** The record of bytes that are on this device now. */
export function withBytes(before: LedgerEntry | undefined, blob: Ingested, referenced: boolean): LedgerEntry {
  const entry = before ?? newLedgerEntry(blob.hash, blob.sizeBytes, blob.type)
  if (blob.inlineBytes === undefined) return { ...withLocal(entry, 'claimCommit', referenced), inline: false }
  if (entry.local === 'present') return entry
  return { ...withLocal(withLocal(entry, 'staged', referenced), 'claimCommit', referenced), inline: true }
}

function unclaimOps(deps: EnqueueDeps, owner: string, hash: BlobHash, get: (key: string) => unknown): readonly StateOp[] {
  const entry = readLedgerEntry(get(ledgerKey(hash)))
  return entry === undefined ? [] : ledgerOps(withoutClaim(entry, owner, deps.references.count(hash) > 0))
}
