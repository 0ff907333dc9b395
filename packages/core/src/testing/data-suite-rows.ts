import type { Json } from '../wire/json.ts'
import type { MutationOp, RowWire } from '../wire/mutation-wire.ts'
import type { DataDevice } from './data-device.ts'

/** Every required column of the suite's photos. */
export const photo: RowWire = { title: 'A photo' }

export const image: Json = {
  hash: `sha256:${'0123456789abcdef'.repeat(4)}`, sizeBytes: 123_456, type: 'image/jpeg', name: 'Ferien am Meer ☀.jpg',
  width: 4_000, height: 3_000, thumbhash: 'qfkNBIBrh4eEd5h/d4mIeIeAiIcP',
}

export function insert(rowId: string, values: RowWire): MutationOp {
  return { kind: 'insert', table: 'photos', rowId, values, previous: null }
}

/** The device adds the previous values that it shows. */
export function edit(rowId: string, values: RowWire): MutationOp {
  return { kind: 'update', table: 'photos', rowId, values, previous: null }
}

export function upsert(rowId: string, values: RowWire): MutationOp {
  return { kind: 'upsert', table: 'photos', rowId, values, previous: null }
}

export function del(rowId: string): MutationOp {
  return { kind: 'delete', table: 'photos', rowId, values: {}, previous: null }
}

/** Through text, so that it is exactly what JSON can say. */
export function copyOf(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}

/** The same value, whatever the order of keys; a column that is null and one that is absent are the same to a row. */
export function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right))
}

export async function everyDeviceShows(devices: readonly DataDevice[], rowId: string, row: RowWire): Promise<void> {
  for (const [at, device] of devices.entries()) {
    await device.until(() => same(withoutNulls(device.row('photos', rowId)), withoutNulls(row)), `device ${at} shows ${JSON.stringify(row).slice(0, 200)}`)
  }
}

/** Numbers from 0 to below a bound, the same ones in every run (mulberry32). */
export function nextRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** A backend may answer a column that was never set as null. */
function withoutNulls(row: RowWire | undefined): unknown {
  return row === undefined ? undefined : Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]))
}
