import { isJsonObject, type Json, type MutationOutcome, type MutationWire } from '@bse/core/wire'
import type { PgSnapshot, ShapePlace } from './cursor.ts'

/** What the API answered a push with, and which tables it was about. */
export interface PushToken {
  /** 32 bits, as messages carry it. */
  readonly txid: number
  /** A place in the log that was read after the commit, in decimal. */
  readonly lsn: string
  readonly tables: readonly string[]
}

/** How far a table's stream is, for the proof that a transaction is behind it. */
export interface TableProgress {
  readonly place: ShapePlace
  /** What the service had seen of the whole database when it last said that this stream is up to date. */
  readonly seenLsn: bigint | undefined
}

export function tokenOf(mutation: MutationWire, { lsn, txid }: Extract<MutationOutcome, { readonly is: 'applied' }>): PushToken {
  return { txid, lsn, tables: [...new Set(mutation.ops.map(({ table }) => table))] }
}

export function tokenJson({ lsn, tables, txid }: PushToken): Json {
  return { txid, lsn, tables }
}

/** A token out of storage, which may be another provider's. */
export function parseToken(value: Json): PushToken | undefined {
  if (!isJsonObject(value)) return undefined
  const { lsn, tables, txid } = value
  const isToken = typeof txid === 'number' && typeof lsn === 'string' && /^\d{1,20}$/.test(lsn) && Array.isArray(tables) && tables.every((table) => typeof table === 'string')
  return isToken ? { txid, lsn, tables } : undefined
}

/**
 * Whether the stored rows of a table are past a transaction: it was among the messages, or the snapshot that the rows began with shows it, or the
 * service has seen all of the log up to a place behind its commit. The last is the only proof for rows outside of the shape.
 */
export function isPast({ place, seenLsn }: TableProgress, { lsn, txid }: PushToken): boolean {
  if (place.seen.includes(txid)) return true
  if (place.snapshot !== undefined && isVisible(txid, place.snapshot)) return true
  return seenLsn !== undefined && seenLsn >= BigInt(lsn)
}

/** Messages have the lower half of a transaction's id; the upper one is that which brings it nearest to the snapshot. */
export function isVisible(txid: number, { running, xmax, xmin }: PgSnapshot): boolean {
  const end = BigInt(xmax)
  const whole = end + BigInt.asIntN(32, BigInt(txid) - end)
  return whole < BigInt(xmin) || (whole < end && !running.includes(String(whole)))
}
