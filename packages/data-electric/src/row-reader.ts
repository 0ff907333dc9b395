import type { Row } from '@electric-sql/client'
import { BseError, type Logger, type RowChange } from '@bse/core/provider'
import { isJsonObject, type Json, type RowWire } from '@bse/core/wire'
import { cellOf, type PgColumn } from './pg-values.ts'
import type { TablePlan } from './table-plan.ts'

/** Reads the rows of one table: names and texts of the database become those of the schema. */
export class RowReader {
  readonly plan: TablePlan
  readonly #logger: Logger
  readonly #warned = new Set<string>()
  #pgColumns: ReadonlyMap<string, PgColumn> = new Map()

  constructor(plan: TablePlan, logger: Logger) {
    this.plan = plan
    this.#logger = logger
  }

  /**
   * Takes what the service says of the columns.
   *
   * @throws BseError `REJECTED` when the table has no column that could be the row's id.
   */
  describe(schema: string): void {
    const columns = parsedSchema(schema)
    if (columns.size > 0 && !columns.has(this.plan.idColumn)) {
      throw new BseError('REJECTED', `data-electric.changes: ${this.plan.name} has no column for the id`, { status: undefined, reason: 'no-id-column' })
    }
    this.#pgColumns = columns
  }

  /** `undefined` for a row without an id. */
  changeOf(operation: 'insert' | 'update' | 'delete', value: Row): RowChange | undefined {
    const { idColumn, name: table } = this.plan
    const rowId = Object.hasOwn(value, idColumn) ? value[idColumn] : undefined
    if (typeof rowId !== 'string') return this.#warn(idColumn)
    if (operation === 'delete') return { kind: 'delete', table, rowId }
    return operation === 'insert'
      ? { kind: 'put', table, rowId, row: this.#cells(value, false) }
      : { kind: 'patch', table, rowId, columns: this.#cells(value, true) }
  }

  #cells(value: Row, keepNulls: boolean): RowWire {
    const cells: [string, Json][] = []
    for (const [inDatabase, text] of Object.entries(value)) {
      const column = this.plan.columns.get(inDatabase)
      if (column === undefined) continue
      const cell = typeof text === 'string' ? cellOf(column.type, this.#pgColumns.get(inDatabase), text) : null
      if (cell === undefined) this.#warn(inDatabase)
      if (keepNulls || (cell ?? null) !== null) cells.push([column.name, cell ?? null])
    }
    return Object.fromEntries(cells)
  }

  /** Once for each column: a table may be full of them. */
  #warn(column: string): undefined {
    if (this.#warned.has(column)) return
    this.#warned.add(column)
    this.#logger.warn('data-electric: a value does not fit its column and is left out', { table: this.plan.name, column })
  }
}

function parsedSchema(text: string): ReadonlyMap<string, PgColumn> {
  const columns = new Map<string, PgColumn>()
  let parsed: Json
  try {
    parsed = JSON.parse(text) as Json
  } catch {
    // A proxy that garbles headers: values are then read by the columns of the schema alone.
    return columns
  }
  if (!isJsonObject(parsed)) return columns
  for (const [name, column] of Object.entries(parsed)) {
    if (!isJsonObject(column) || typeof column.type !== 'string') continue
    columns.set(name, { type: column.type, ...(typeof column.dims === 'number' ? { dims: column.dims } : {}) })
  }
  return columns
}
