import { BseError } from '../errors.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { Lease, Line } from '../model/lease.ts'
import { MUTATION_STATES, type MutationRecord } from '../model/mutation.ts'
import { NOTHING_PAUSED, type Paused } from '../model/paused.ts'
import type { StateOp } from '../provider/state-store.ts'
import type { BlobHash } from '../wire/blob-hash.ts'

/**
 * Records carry their version in `v`. One that this code does not know was written by newer code, maybe in another tab, and one that is
 * not as its version says was damaged: both read as `undefined` and are kept aside, never rewritten or dropped.
 */
export type Aside = 'newer' | 'unreadable'

const VERSION = 1

type Fields = { readonly [field: string]: unknown }

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined
}

/** Why a value that is there cannot be used; `undefined` when it can be, or is not there. */
function asideOf(value: unknown, isWhole: (fields: Fields) => boolean): Aside | undefined {
  if (value === undefined) return undefined
  const fields = fieldsOf(value)
  if (fields !== undefined && typeof fields.v === 'number' && fields.v > VERSION) return 'newer'
  return fields !== undefined && fields.v === VERSION && isWhole(fields) ? undefined : 'unreadable'
}

export function mutationAside(value: unknown): Aside | undefined {
  return asideOf(value, isMutation)
}

export function readMutation(value: unknown): MutationRecord | undefined {
  return value === undefined || mutationAside(value) !== undefined ? undefined : (value as MutationRecord)
}

export function ledgerAside(value: unknown): Aside | undefined {
  return asideOf(value, isLedgerEntry)
}

export function readLedgerEntry(value: unknown): LedgerEntry | undefined {
  return value === undefined || ledgerAside(value) !== undefined ? undefined : (value as LedgerEntry)
}

/**
 * What has to be done with the value under `key` before a new record takes its place: a damaged one is put elsewhere.
 *
 * @throws BseError `SCHEMA_TOO_NEW` for a record of newer code, in whose place nothing may come.
 */
export function replacing(key: string, value: unknown, aside: Aside | undefined): readonly StateOp[] {
  if (aside === undefined) return []
  if (aside === 'unreadable') return [{ put: `aside/${key}`, value }]
  const found = Number(fieldsOf(value)?.v)
  throw new BseError('SCHEMA_TOO_NEW', 'core: a newer version of this library wrote a record that is needed', { found, known: VERSION })
}

/** Nothing where the record is none that this code knows: then blobs wait until they are sent off again. */
export function readSendNow(value: unknown): ReadonlySet<BlobHash> {
  const fields = asideOf(value, ({ hashes }) => Array.isArray(hashes)) === undefined ? fieldsOf(value) : undefined
  return new Set((fields?.hashes as readonly BlobHash[] | undefined) ?? [])
}

/** Bytes that were ever queued. */
export function readAdmitted(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

export function readPaused(value: unknown): Paused {
  return asideOf(value, ({ ids }) => Array.isArray(ids)) === undefined ? ((value as Paused | undefined) ?? NOTHING_PAUSED) : NOTHING_PAUSED
}

export function leaseAside(value: unknown): Aside | undefined {
  return asideOf(value, ({ epoch }) => typeof epoch === 'number')
}

export function readLease(value: unknown): Lease | undefined {
  return leaseAside(value) === undefined ? (value as Lease | undefined) : undefined
}

function isMutation({ id, seq, ops, state, nextAtMs }: Fields): boolean {
  const is = fieldsOf(state)?.is
  const hasState = typeof is === 'string' && MUTATION_STATES.has(is)
  return typeof id === 'string' && typeof seq === 'number' && typeof nextAtMs === 'number' && hasState && Array.isArray(ops) && ops.every(isOp)
}

function isOp(value: unknown): boolean {
  const op = fieldsOf(value)
  return op !== undefined && typeof op.table === 'string' && typeof op.rowId === 'string' && typeof op.kind === 'string' && fieldsOf(op.values) !== undefined
}

function isLedgerEntry({ hash, sizeBytes, local, claims, remotes }: Fields): boolean {
  return typeof hash === 'string' && typeof sizeBytes === 'number' && typeof local === 'string' && Array.isArray(claims) && fieldsOf(remotes) !== undefined
}

export function readLine(value: unknown): Line | undefined {
  return asideOf(value, ({ asked }) => typeof asked === 'number') === undefined ? (value as Line | undefined) : undefined
}
