import { isBlobHash, type BlobHash } from './blob-hash.ts'
import { isJsonObject, type Json, type JsonObject } from './json.ts'
import type { MutationId, MutationOp, MutationWire, RowWire } from './mutation-wire.ts'

/** What a server of ours takes in one request; a client that stays within never gets a 413 for the shape of its request. */
export const MUTATION_LIMITS = { maxCount: 100, maxOps: 10_000, maxBodyBytes: 8_388_608 } as const

/** The body of `POST /mutations`. The order given is the order to apply. */
export interface MutationRequest {
  readonly mutations: readonly MutationWire[]
}

/** The answer: one outcome for each mutation, in the order sent. Each mutation was applied whole or not at all. */
export interface MutationAnswer {
  readonly results: readonly MutationOutcome[]
}

export type MutationOutcome = { readonly id: MutationId } & (
  /**
   * `txid` is the transaction as messages of a shape carry it: 32 bits. `lsn` is a place in the log, decimal, read after the commit:
   * who has seen that place has seen the rows. A repeated id is answered with the txid of the first time and a newer place.
   */
  | { readonly is: 'applied'; readonly txid: number; readonly lsn: string }
  /** Which op, and the row as it is now, `null` when there is none. Nothing was applied. */
  | { readonly is: 'conflict'; readonly at: number; readonly current: RowWire | null }
  | { readonly is: 'needs-blobs'; readonly hashes: readonly BlobHash[] }
  | { readonly is: 'rejected'; readonly code: string }
  | { readonly is: 'retry'; readonly afterMs?: number }
)

/** One mutation of a request; without `mutation` when only its id could be read: it is to be rejected, its neighbours are not. */
export interface ReceivedMutation {
  readonly id: MutationId
  readonly mutation: MutationWire | undefined
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const MAX_ROW_ID_LENGTH = 255
const KINDS: ReadonlySet<unknown> = new Set<MutationOp['kind']>(['insert', 'update', 'upsert', 'delete'])
const LSN = /^\d{1,20}$/
const MAX_TXID = 0xffff_ffff

/** A UUIDv7 in lower case. */
export function isMutationId(value: unknown): value is MutationId {
  return typeof value === 'string' && UUID_V7.test(value)
}

/** When the id was made, by the clock of the device that made it. Milliseconds since 1970. */
export function mutationTimeMs(id: MutationId): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/** Reads an untrusted request; `undefined` when it is none, or when it has more mutations than `MUTATION_LIMITS` allows. */
export function parseMutationRequest(value: unknown): readonly ReceivedMutation[] | undefined {
  if (!isJsonObject(value) || !isList(value.mutations) || value.mutations.length > MUTATION_LIMITS.maxCount) return undefined
  const received = value.mutations.map(receivedOf)
  return received.every((one) => one !== undefined) ? received : undefined
}

function receivedOf(value: Json): ReceivedMutation | undefined {
  if (!isJsonObject(value) || !isMutationId(value.id)) return undefined
  const { id, ops } = value
  if (!isList(ops) || ops.length === 0) return { id, mutation: undefined }
  const parsed = ops.map(opOf)
  return { id, mutation: parsed.every((op) => op !== undefined) ? { id, ops: parsed } : undefined }
}

function opOf(value: Json): MutationOp | undefined {
  if (!isJsonObject(value)) return undefined
  const { kind, previous, rowId, table, values } = value
  if (!KINDS.has(kind) || typeof table !== 'string' || table === '') return undefined
  if (typeof rowId !== 'string' || rowId === '' || rowId.length > MAX_ROW_ID_LENGTH) return undefined
  if (!isJsonObject(values) || (previous !== null && !isJsonObject(previous))) return undefined
  return { kind: kind as MutationOp['kind'], table, rowId, values, previous }
}

/** Reads the answer to these ids; `undefined` when it is none, for example because a proxy gave it. Unknown keys are dropped. */
export function parseMutationAnswer(value: unknown, ids: readonly MutationId[]): readonly MutationOutcome[] | undefined {
  if (!isJsonObject(value) || !isList(value.results) || value.results.length !== ids.length) return undefined
  const outcomes = value.results.map((result, index) => (isJsonObject(result) && result.id === ids[index] ? outcomeOf(ids[index] as MutationId, result) : undefined))
  return outcomes.every((outcome) => outcome !== undefined) ? outcomes : undefined
}

function outcomeOf(id: MutationId, result: JsonObject): MutationOutcome | undefined {
  switch (result.is) {
    case 'applied': return appliedOf(id, result)
    case 'conflict': return conflictOf(id, result)
    case 'needs-blobs': return isList(result.hashes) && result.hashes.every(isBlobHash) ? { id, is: 'needs-blobs', hashes: result.hashes } : undefined
    case 'rejected': return typeof result.code === 'string' && result.code !== '' ? { id, is: 'rejected', code: result.code } : undefined
    case 'retry': return retryOf(id, result.afterMs)
    default: return undefined
  }
}

function appliedOf(id: MutationId, { lsn, txid }: JsonObject): MutationOutcome | undefined {
  if (!isCount(txid) || txid > MAX_TXID || typeof lsn !== 'string' || !LSN.test(lsn)) return undefined
  return { id, is: 'applied', txid, lsn }
}

function conflictOf(id: MutationId, { at, current }: JsonObject): MutationOutcome | undefined {
  if (!isCount(at) || (current !== null && !isJsonObject(current))) return undefined
  return { id, is: 'conflict', at, current }
}

function retryOf(id: MutationId, afterMs: Json | undefined): MutationOutcome | undefined {
  if (afterMs === undefined) return { id, is: 'retry' }
  return isCount(afterMs) ? { id, is: 'retry', afterMs } : undefined
}

function isCount(value: Json | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}
