import { blobInCell } from './blob-in-cell.ts'
import type { BlobUrls as UrlRegistry, LendOptions, UrlLoan } from './blob-urls.ts'
import type { BlobUrls, RowBlobUrls } from './live-query.ts'

/** What is read of a row here; the rest is the app's. */
export interface LiveRow {
  readonly id: string
  readonly [column: string]: unknown
}

interface Cell {
  readonly hash: string
  readonly type: string
  readonly loan: UrlLoan
}

interface RowRecord {
  /** `undefined` while nothing is borrowed. */
  readonly row: LiveRow | undefined
  readonly cells: readonly (Cell | undefined)[]
  readonly urls: RowBlobUrls<string>
}

/** The URLs of one live query: borrowed for the rows it shows, and turned into `blobUrls`, reusing what did not change. */
export class RowUrls {
  readonly #registry: UrlRegistry
  readonly #columns: readonly string[]
  readonly #lend: LendOptions
  /** What was shown last; `undefined` while nothing is borrowed. */
  #rows: readonly LiveRow[] | undefined
  #records: Map<string, RowRecord> = new Map()
  /** Rows of which a URL may be another. */
  readonly #stale: Set<string> = new Set()
  #shown: BlobUrls<string> = Object.freeze(Object.create(null) as BlobUrls<string>)

  constructor(registry: UrlRegistry, columns: readonly string[], lend: LendOptions) {
    this.#registry = registry
    this.#columns = columns
    this.#lend = lend
  }

  /** Borrows for new rows, gives back for those that went, and answers the URLs of exactly these rows. */
  show(rows: readonly LiveRow[]): BlobUrls<string> {
    const touched = this.#touched(rows)
    const isChanged = touched === undefined ? this.#replaceAll(rows) : this.#replace(touched, this.#records)
    this.#rows = rows
    this.#stale.clear()
    if (isChanged) this.#shown = urlsById(this.#records)
    return this.#shown
  }

  /** Gives everything back. What was shown is remembered, so that a later `show` of the same changes nothing. */
  release(): void {
    for (const [id, { cells, urls }] of this.#records) {
      giveBack(cells)
      this.#records.set(id, { row: undefined, cells: [], urls })
    }
    this.#rows = undefined
  }

  /** What to look at when the same rows are shown in the same order, as after most changes: the cost of a large list. */
  #touched(rows: readonly LiveRow[]): readonly LiveRow[] | undefined {
    const last = this.#rows
    if (last?.length !== rows.length || last.some((row, index) => row.id !== rows[index]?.id)) return undefined
    return rows.filter((row, index) => row !== last[index] || this.#stale.has(row.id))
  }

  #replaceAll(rows: readonly LiveRow[]): boolean {
    const before = this.#records
    this.#records = new Map()
    const isChanged = this.#replace(rows, before)
    for (const [id, { cells }] of before) if (!this.#records.has(id)) giveBack(cells)
    return isChanged || before.size !== rows.length
  }

  /** Answers whether a row has other URLs than before. */
  #replace(rows: readonly LiveRow[], before: ReadonlyMap<string, RowRecord>): boolean {
    let isChanged = false
    for (const row of rows) {
      const old = before.get(row.id)
      const record = this.#record(row, old)
      this.#records.set(row.id, record)
      if (old?.urls !== record.urls) isChanged = true
    }
    return isChanged
  }

  #record(row: LiveRow, old: RowRecord | undefined): RowRecord {
    const cells = old?.row === row ? old.cells : this.#borrow(row, old?.cells)
    const isSame = old !== undefined && this.#columns.every((column, index) => old.urls[column] === cells[index]?.loan.url)
    if (isSame && old.row === row) return old
    return { row, cells, urls: isSame ? old.urls : this.#urlsOf(cells) }
  }

  /** Borrows before giving back, so that a URL that both versions of a row show never goes. */
  #borrow(row: LiveRow, old: readonly (Cell | undefined)[] = []): readonly (Cell | undefined)[] {
    const { onChange, refreshes } = this.#lend
    const lend: LendOptions = {
      refreshes,
      onChange: () => {
        this.#stale.add(row.id)
        onChange()
      },
    }
    const cells = this.#columns.map((column, index) => {
      const blob = blobInCell(row[column])
      const kept = old[index]
      if (blob === undefined) return undefined
      if (kept?.hash === blob.hash && kept.type === blob.type) return kept
      return { hash: blob.hash, type: blob.type, loan: this.#registry.lend(blob, lend) }
    })
    giveBack(old.filter((cell, index) => cell !== cells[index]))
    return cells
  }

  #urlsOf(cells: readonly (Cell | undefined)[]): RowBlobUrls<string> {
    const urls = Object.create(null) as Record<string, string | undefined>
    for (const [index, column] of this.#columns.entries()) urls[column] = cells[index]?.loan.url
    return urls
  }
}

/** Without a prototype: a row may be called `__proto__`. */
function urlsById(records: ReadonlyMap<string, RowRecord>): BlobUrls<string> {
  const urls = Object.create(null) as Record<string, RowBlobUrls<string>>
  for (const [id, record] of records) urls[id] = record.urls
  return urls
}

function giveBack(cells: readonly (Cell | undefined)[]): void {
  for (const cell of cells) cell?.loan.release()
}
