import type { CellValue, Row } from '../schema/index.ts'
import { isJsonObject } from '../wire/json.ts'

/**
 * `previous` itself when `next` has the same values; else `next` with those cells of `previous` that did not change, so
 * that a row, a reference and a date each keep their identity until they change.
 */
export function reuseRow(previous: Row, next: Row): Row {
  let isSame = true
  const merged: { id: string; [column: string]: CellValue } = { id: next.id }
  for (const column in next) {
    const before = previous[column]
    const after = next[column] as CellValue
    const isEqual = before !== undefined && areEqual(before, after)
    if (!isEqual) isSame = false
    merged[column] = isEqual ? before : after
  }
  return isSame ? previous : Object.freeze(merged)
}

/** Decoded cells are not nested deeply, so this may recurse. */
function areEqual(a: CellValue, b: CellValue): boolean {
  if (a === b) return true
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime()
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item: CellValue, at) => areEqual(item, b[at] as CellValue))
  if (!isJsonObject(a) || !isJsonObject(b) || b instanceof Date) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && areEqual(a[key] as CellValue, b[key] as CellValue))
}
