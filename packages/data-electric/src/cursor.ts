import { isJsonObject, type Json, type JsonObject } from '@bse/core/wire'
import type { TablePlan } from './table-plan.ts'

/** Which transactions a snapshot of Postgres shows; 64 bits each, in decimal. */
export interface PgSnapshot {
  readonly xmin: string
  readonly xmax: string
  readonly running: readonly string[]
}

/** How far the stored rows of one table are. */
export interface ShapePlace {
  readonly handle: string
  readonly offset: string
  /** What the rows began with; `undefined` when the service did not say. */
  readonly snapshot: PgSnapshot | undefined
  /** Transactions that have passed since, the newest last. */
  readonly seen: readonly number[]
}

/** Places by table. */
export type Places = ReadonlyMap<string, ShapePlace>

const VERSION = 1

/** One JSON value for the streams of all tables. */
export function writeCursor(places: Places, plans: readonly TablePlan[]): Json {
  const shapes: Record<string, Json> = {}
  for (const { name, print } of plans) {
    const place = places.get(name)
    if (place !== undefined) shapes[name] = { print, handle: place.handle, offset: place.offset, snapshot: snapshotJson(place.snapshot), seen: place.seen }
  }
  return { version: VERSION, shapes }
}

/** What of a stored cursor still holds. Tables that changed since, and all of a cursor that is not ours, begin anew. */
export function readCursor(cursor: Json | undefined, plans: readonly TablePlan[]): Map<string, ShapePlace> {
  const places = new Map<string, ShapePlace>()
  if (!isJsonObject(cursor) || cursor.version !== VERSION || !isJsonObject(cursor.shapes)) return places
  for (const { name, print } of plans) {
    const stored = Object.hasOwn(cursor.shapes, name) ? cursor.shapes[name] : undefined
    const place = isJsonObject(stored) && stored.print === print ? placeOf(stored) : undefined
    if (place !== undefined) places.set(name, place)
  }
  return places
}

function placeOf({ handle, offset, seen, snapshot }: JsonObject): ShapePlace | undefined {
  if (typeof handle !== 'string' || typeof offset !== 'string' || !/^\d+_(\d+|inf)$/.test(offset)) return undefined
  if (!Array.isArray(seen) || !seen.every((id) => typeof id === 'number')) return undefined
  return { handle, offset, seen, snapshot: isJsonObject(snapshot) ? snapshotOf(snapshot.xmin, snapshot.xmax, snapshot.running) : undefined }
}

/** From untrusted parts; `undefined` when they are no snapshot. */
export function snapshotOf(xmin: unknown, xmax: unknown, running: unknown): PgSnapshot | undefined {
  return isDecimal(xmin) && isDecimal(xmax) && Array.isArray(running) && running.every(isDecimal) ? { xmin, xmax, running } : undefined
}

function snapshotJson(snapshot: PgSnapshot | undefined): Json {
  return snapshot === undefined ? null : { xmin: snapshot.xmin, xmax: snapshot.xmax, running: snapshot.running }
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,20}$/.test(value)
}
