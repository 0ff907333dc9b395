import { hashInCell, type Table } from '../schema/index.ts'
import type { RowWire } from '../wire/mutation-wire.ts'

/** A cell that names a blob. */
export interface Cell {
  readonly table: string
  readonly id: string
  readonly column: string
}

/** What the server said of a row, and what the person sees. */
export interface RowVersions {
  readonly base: RowWire | undefined
  readonly view: RowWire | undefined
}

/** Most blobs are named by one row: a lone id takes no set. */
type Ids = string | Set<string>

interface ColumnReferences {
  readonly column: string
  readonly idsByHash: Map<string, Ids>
}

/** Which rows of one table name which blob, either as the server has them or as the person sees them. */
export class References {
  readonly #table: string
  readonly #columns: readonly ColumnReferences[]

  constructor(table: Table) {
    this.#table = table.name
    this.#columns = table.blobColumns.map(({ name }) => ({ column: name, idsByHash: new Map() }))
  }

  count(hash: string): number {
    let sum = 0
    for (const { idsByHash } of this.#columns) {
      const ids = idsByHash.get(hash)
      if (ids !== undefined) sum += typeof ids === 'string' ? 1 : ids.size
    }
    return sum
  }

  *cells(hash: string): Iterable<Cell> {
    for (const { column, idsByHash } of this.#columns) {
      const ids = idsByHash.get(hash) ?? []
      for (const id of typeof ids === 'string' ? [ids] : ids) yield { table: this.#table, id, column }
    }
  }

  change(id: string, before: RowVersions, after: RowVersions): void {
    for (const { column, idsByHash } of this.#columns) {
      const old = hashesOf(column, before)
      const now = hashesOf(column, after)
      for (const hash of old) if (!now.includes(hash)) remove(idsByHash, hash, id)
      for (const hash of now) if (!old.includes(hash)) add(idsByHash, hash, id)
    }
  }
}

/** None, one, or two different hashes. */
function hashesOf(column: string, { base, view }: RowVersions): readonly string[] {
  const first = hashInCell(base?.[column])
  const second = view === base ? first : hashInCell(view?.[column])
  if (first === undefined) return second === undefined ? [] : [second]
  return second === undefined || second === first ? [first] : [first, second]
}

function add(idsByHash: Map<string, Ids>, hash: string, id: string): void {
  const ids = idsByHash.get(hash)
  if (ids === undefined) idsByHash.set(hash, id)
  else if (typeof ids !== 'string') ids.add(id)
  else if (ids !== id) idsByHash.set(hash, new Set([ids, id]))
}

function remove(idsByHash: Map<string, Ids>, hash: string, id: string): void {
  const ids = idsByHash.get(hash)
  if (ids === undefined) return
  if (typeof ids !== 'string') ids.delete(id)
  if (ids === id || (typeof ids !== 'string' && ids.size === 0)) idsByHash.delete(hash)
}
