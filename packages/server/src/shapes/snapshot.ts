import { selectedColumns, type ShapeDefinition } from './definition.ts'
import type { Table } from './catalog.ts'
import { quoteName, type Queryable, type TextRow } from './database.ts'
import { Refusal } from './refusal.ts'
import { asReader, tableSql } from './row-filter.ts'
import { parseSnapshot, snapshotFields, type DatabaseSnapshot } from './visibility.ts'

export interface SnapshotLimits {
  readonly chunkBytes: number
  readonly maxRows: number
  readonly queryTimeoutMs: number
}

export interface SnapshotSize {
  readonly rows: number
  readonly chunkCount: number
}

const FETCH_ROWS = 1_000

/** Which transactions this one sees; repeatable read, so it is the same until its end. */
export async function currentSnapshot(on: Queryable): Promise<DatabaseSnapshot> {
  const rows = await on.query('select pg_current_snapshot()::text as snapshot')
  return parseSnapshot(rows[0]?.['snapshot'] ?? '')
}

/** Reads the rows of a new shape and hands them on in chunks: lists of messages without brackets, the last with `snapshot-end`. */
export async function readSnapshot(
  on: Queryable,
  definition: ShapeDefinition,
  table: Table,
  snapshot: DatabaseSnapshot,
  limits: SnapshotLimits,
  store: (number: number, body: string) => Promise<void>,
): Promise<SnapshotSize> {
  const chunks = new Chunks(limits.chunkBytes, store)
  if (definition.log === 'full') await readRows(on, definition, table, limits, chunks)
  const chunkCount = await chunks.finish(JSON.stringify({ headers: { control: 'snapshot-end', ...snapshotFields(snapshot) } }))
  return { rows: chunks.rows, chunkCount }
}

async function readRows(on: Queryable, definition: ShapeDefinition, table: Table, limits: SnapshotLimits, chunks: Chunks): Promise<void> {
  const names = [...selectedColumns(definition, table)]
  const select = rowsQuery(table, names, definition.where === undefined ? [] : [definition.where])
  const read = (sql: string): Promise<readonly TextRow[]> => asReader(on, table.oid, limits.queryTimeoutMs, () => on.query(sql))
  await read(`declare bse_shapes_rows no scroll cursor for ${select}`)
  for (;;) {
    const rows = await read(`fetch ${FETCH_ROWS} from bse_shapes_rows`)
    for (const row of rows) await chunks.add(rowMessage(table, names, row))
    if (chunks.rows > limits.maxRows) throw new Refusal(400, { message: 'The shape has more rows than this server allows', code: 'too_many_rows' })
    if (rows.length < FETCH_ROWS) break
  }
  await on.query('close bse_shapes_rows')
}

/** Rows as text in columns `c0`, `c1` and so on. */
export function rowsQuery(table: Table, names: readonly string[], conditions: readonly string[]): string {
  const types = new Map(table.columns.map(({ dimensions, name, type }) => [name, dimensions > 0 ? '' : type]))
  const columns = names.map((name, index) => `${textOf(quoteName(name), types.get(name))} as c${index}`)
  return `select ${columns.join(', ')} from ${tableSql(table)}${conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`}`
}

/** A cast to text takes the padding off; the log has it. */
function textOf(column: string, type: string | undefined): string {
  return type === 'bpchar' ? `case when ${column} is not null then format('%s', ${column}) end` : `${column}::text`
}

/** The JSON of one row of a snapshot. */
export function rowMessage(table: Table, names: readonly string[], row: TextRow, extraHeaders: Readonly<Record<string, unknown>> = {}): string {
  const value = Object.fromEntries(names.map((name, index) => [name, row[`c${index}`] ?? null]))
  const key = `"${doubled(table.schema)}"."${doubled(table.name)}"${table.key.map((name) => keyPart(value[name] ?? null)).join('')}`
  return JSON.stringify({ key, value, headers: { relation: [table.schema, table.name], operation: 'insert', ...extraHeaders } })
}

function doubled(name: string): string {
  return name.replaceAll('"', '""')
}

function keyPart(value: string | null): string {
  return value === null ? '/_' : `/"${value.replaceAll('/', '//')}"`
}

/** Collects messages until a chunk is full. */
class Chunks {
  readonly #limitBytes: number
  readonly #store: (number: number, body: string) => Promise<void>
  #messages: string[] = []
  #bytes = 0
  #stored = 0
  rows = 0

  constructor(limitBytes: number, store: (number: number, body: string) => Promise<void>) {
    this.#limitBytes = limitBytes
    this.#store = store
  }

  async add(message: string): Promise<void> {
    this.rows += 1
    this.#messages.push(message)
    this.#bytes += Buffer.byteLength(message) + 1
    if (this.#bytes >= this.#limitBytes) await this.#close()
  }

  /** Returns how many chunks there are. */
  async finish(end: string): Promise<number> {
    this.#messages.push(end)
    await this.#close()
    return this.#stored
  }

  async #close(): Promise<void> {
    await this.#store(this.#stored, this.#messages.join(','))
    this.#stored += 1
    this.#messages = []
    this.#bytes = 0
  }
}
