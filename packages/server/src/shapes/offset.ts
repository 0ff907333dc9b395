/**
 * A place in a shape: `0_n` is chunk n of its snapshot, `0_inf` the end of the snapshot, `<lsn>_<n>` operation n of a transaction.
 * `lsn` is a decimal of any length; places are compared as numbers.
 */
export interface Offset {
  readonly lsn: bigint
  readonly position: number
}

const SHAPE = /^(\d+)_(\d+|inf)$/

export function parseOffset(text: string): Offset | undefined {
  const [, lsn, position] = SHAPE.exec(text) ?? []
  if (lsn === undefined || position === undefined || (position === 'inf' && lsn !== '0')) return undefined
  return { lsn: BigInt(lsn), position: position === 'inf' ? Infinity : Number(position) }
}

export function formatOffset({ lsn, position }: Offset): string {
  return `${lsn}_${position === Infinity ? 'inf' : position}`
}

export function compareOffsets(a: Offset, b: Offset): number {
  if (a.lsn !== b.lsn) return a.lsn < b.lsn ? -1 : 1
  // Two ends of a snapshot: their difference is no number.
  return a.position === b.position ? 0 : a.position - b.position
}

export const SNAPSHOT_END: Offset = { lsn: 0n, position: Infinity }
