import type * as Y from 'yjs'
import type { TableShape } from '@bse/core/provider'
import type { Json, RowWire } from '@bse/core/wire'
import { cellProblem } from './cell-problem.ts'

/**
 * A table is one flat root `Y.Map`. Its key `<row id>` holds `true` while the row exists, and its key
 * `<row id> NUL <column>` holds a value. docs/spec/data-yjs.md says why it is flat.
 */
const SEPARATOR = '\0'
const MAX_ID_CHARS = 255
/** Percent-encoded, an id is part of a storage key in core. */
const MAX_ESCAPED_ID_CHARS = 400

export type TableMap = Y.Map<unknown>

export function rootName(prefix: string, table: string): string {
  return `${prefix}${table}`
}

export function cellKey(rowId: string, column: string): string {
  return `${rowId}${SEPARATOR}${column}`
}

export function rowIdOfKey(key: string): string {
  const at = key.indexOf(SEPARATOR)
  return at === -1 ? key : key.slice(0, at)
}

export function isMarkerKey(key: string): boolean {
  return !key.includes(SEPARATOR)
}

/** Ids come from other devices, too: what core could not use as a key never reaches it. */
export function isUsableRowId(rowId: string): boolean {
  if (rowId.length === 0 || rowId.length > MAX_ID_CHARS || rowId.includes(SEPARATOR) || !rowId.isWellFormed()) return false
  return encodeURIComponent(rowId).length <= MAX_ESCAPED_ID_CHARS
}

/** Told of each value that was left out, by column. */
export type OnBadCell = (table: string, column: string, problem: string) => void

/** The row as the document has it now; `undefined` when there is none. Values that do not fit their column are left out. */
export function readRow(map: TableMap, table: TableShape, rowId: string, onBadCell: OnBadCell): RowWire | undefined {
  if (map.get(rowId) !== true) return undefined
  const cells: [string, Json][] = []
  for (const column of table.columns) {
    const key = cellKey(rowId, column.name)
    if (!map.has(key)) continue
    const value = map.get(key)
    const problem = cellProblem(column, value)
    if (problem === undefined) cells.push([column.name, value as Json])
    else onBadCell(table.name, column.name, problem)
  }
  return Object.fromEntries(cells)
}
