import type { Doc } from 'yjs'
import { BseError, type LogFields, type Logger, type TableShape } from '@bse/core/provider'
import type { MutationWire, RowWire } from '@bse/core/wire'
import { cellProblem } from './cell-problem.ts'
import { isMarkerKey, isUsableRowId, readRow, rootName, type TableMap } from './cells.ts'

/** The tables of a document: reads rows out of it, and judges what may go in. */
export class TableIndex {
  readonly prefix: string
  readonly tables: readonly TableShape[]
  readonly #doc: Doc
  readonly #shapes: ReadonlyMap<string, TableShape>
  readonly #logger: Logger
  /** One line for each column and reason: a hostile device does not fill the log. */
  readonly #told = new Set<string>()

  constructor(doc: Doc, prefix: string, tables: readonly TableShape[], logger: Logger) {
    this.#doc = doc
    this.prefix = prefix
    this.tables = tables
    this.#shapes = new Map(tables.map((table) => [table.name, table]))
    this.#logger = logger
  }

  mapOf(table: string): TableMap {
    return this.#doc.getMap(rootName(this.prefix, table))
  }

  /** For tables that `problemOf` has let through. */
  shapeOf(table: string): TableShape {
    const shape = this.#shapes.get(table)
    if (shape === undefined) throw new BseError('PROVIDER_FAILED', 'data-yjs: a table without a shape', { provider: 'yjs' })
    return shape
  }

  rowIds(table: string): readonly string[] {
    return [...this.mapOf(table).keys()].filter((key) => isMarkerKey(key) && this.#isUsable(table, key))
  }

  /** `undefined` when there is no such row, or none that could be used. */
  row(table: string, rowId: string): RowWire | undefined {
    if (!this.#isUsable(table, rowId)) return undefined
    return readRow(this.mapOf(table), this.shapeOf(table), rowId, (_table, column, problem) => {
      this.#tell(`${table}.${column} ${problem}`, { table, column, problem })
    })
  }

  /** Why this mutation cannot be stored without changing it; `undefined` when it can. */
  problemOf(mutation: MutationWire): string | undefined {
    for (const { table, rowId, values } of mutation.ops) {
      const shape = this.#shapes.get(table)
      if (shape === undefined) return 'unknown table'
      if (!isUsableRowId(rowId)) return 'unusable row id'
      for (const [name, value] of Object.entries(values)) {
        const column = shape.columns.find((candidate) => candidate.name === name)
        const problem = column === undefined ? 'is unknown' : cellProblem(column, value)
        if (problem !== undefined) return `column ${problem}`
      }
    }
    return undefined
  }

  #isUsable(table: string, rowId: string): boolean {
    if (isUsableRowId(rowId)) return true
    this.#tell(`${table} row id`, { table, problem: 'unusable row id' })
    return false
  }

  #tell(once: string, fields: LogFields): void {
    if (this.#told.has(once)) return
    this.#told.add(once)
    this.#logger.warn('data-yjs: something in the document was left out', fields)
  }
}
