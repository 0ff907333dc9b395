import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { Lease, Line } from '../model/lease.ts'
import type { MutationRecord } from '../model/mutation.ts'

/**
 * Records carry their version in `v`. One that this code does not know was written by newer code in another tab: it reads as
 * `undefined` and is left where it is, never rewritten or dropped.
 */
function readVersion1<Value>(value: unknown): Value | undefined {
  const known = typeof value === 'object' && value !== null && (value as { readonly v?: unknown }).v === 1
  return known ? (value as Value) : undefined
}

export function readMutation(value: unknown): MutationRecord | undefined {
  return readVersion1<MutationRecord>(value)
}

export function readLedgerEntry(value: unknown): LedgerEntry | undefined {
  return readVersion1<LedgerEntry>(value)
}

export function readLease(value: unknown): Lease | undefined {
  return readVersion1<Lease>(value)
}

export function readLine(value: unknown): Line | undefined {
  return readVersion1<Line>(value)
}
