import type { ShapeDefinition } from './definition.ts'
import type { Queryable, ShapeDatabase, TextRow } from './database.ts'
import { formatOffset, SNAPSHOT_END, type Offset } from './offset.ts'
import type { LogEntry } from './shape-log.ts'
import type { ShapeRecord } from './shape.ts'
import { parseSnapshot, type DatabaseSnapshot } from './visibility.ts'

export interface StoredShape {
  readonly record: ShapeRecord
  readonly end: Offset | undefined
  readonly openChunkBytes: number
  readonly sizeBytes: number
}

interface StoredDefinition {
  readonly definition: ShapeDefinition
  readonly tableColumns: readonly string[]
  readonly key: readonly string[]
}

const READ_ENTRIES = 1_000

/** Where shapes survive a restart: in the database that they follow, so that a change and the note that it was taken are one commit. */
export class ShapeStore {
  readonly #database: ShapeDatabase

  constructor(database: ShapeDatabase) {
    this.#database = database
  }

  async all(): Promise<readonly StoredShape[]> {
    const rows = await this.#database.query(`
      select s.id::text as id, s.handle, s.definition, s.snapshot, s.chunks::text as chunks, e.lsn::text as lsn, e.position::text as position, coalesce((
        select sum(octet_length(l.message)) from bse_shapes.log l where l.shape = s.id and (l.lsn, l.position) > (
          select coalesce(max(c.lsn), 0), coalesce(max(c.position), -1) from (
            select lsn, position from bse_shapes.log where shape = s.id and ends_chunk order by lsn desc, position desc limit 1) c)
      ), 0)::text as open_bytes, coalesce((select sum(octet_length(l.message)) from bse_shapes.log l where l.shape = s.id), 0)::text as size_bytes
      from bse_shapes.shape s left join lateral (
        select lsn, position from bse_shapes.log where shape = s.id order by lsn desc, position desc limit 1) e on true
      order by s.id`)
    return rows.map(storedShape)
  }

  /** As part of the transaction that reads the rows: returns the id that its chunks and its log will have. */
  async insert(on: Queryable, handle: string, stored: StoredDefinition, snapshot: DatabaseSnapshot): Promise<string> {
    const text = `${snapshot.xmin}:${snapshot.xmax}:${snapshot.running.join(',')}`
    const rows = await on.query(
      `insert into bse_shapes.shape (handle, definition, snapshot, chunks, "rows") values ($1::text, $2::text, $3::text, 0, 0) returning id::text as id`,
      [handle, JSON.stringify(stored), text],
    )
    return rows[0]?.['id'] ?? ''
  }

  async setSize(on: Queryable, id: string, chunks: number, rows: number): Promise<void> {
    await on.query('update bse_shapes.shape set chunks = $2::text::int, "rows" = $3::text::bigint where id = $1::text::bigint', [id, String(chunks), String(rows)])
  }

  async insertChunk(on: Queryable, id: string, number: number, body: string): Promise<void> {
    await on.query('insert into bse_shapes.chunk values ($1::text::bigint, $2::text::int, $3::text)', [id, String(number), body])
  }

  async chunk(id: string, number: number): Promise<string | undefined> {
    const rows = await this.#database.query('select body from bse_shapes.chunk where shape = $1::text::bigint and number = $2::text::int', [id, String(number)])
    return rows[0]?.['body'] ?? undefined
  }

  async insertEntries(on: Queryable, entries: readonly (LogEntry & { readonly shape: string })[]): Promise<void> {
    const rows = entries.map((entry) => ({ shape: entry.shape, lsn: String(entry.lsn), position: entry.position, ends_chunk: entry.endsChunk, message: entry.message }))
    await on.query(
      `insert into bse_shapes.log (shape, lsn, position, ends_chunk, message)
       select shape, lsn, position, ends_chunk, message from json_to_recordset($1::text::json) as r(shape bigint, lsn bigint, position int, ends_chunk boolean, message text)`,
      [JSON.stringify(rows)],
    )
  }

  async entriesAfter(id: string, after: Offset): Promise<readonly LogEntry[]> {
    const entries: LogEntry[] = []
    for (let from = after; ;) {
      const rows = await this.#page(id, from)
      const page = rows.map(entryOf)
      const end = page.findIndex(({ endsChunk }) => endsChunk)
      entries.push(...(end === -1 ? page : page.slice(0, end + 1)))
      const last = page.at(-1)
      if (end !== -1 || last === undefined || page.length < READ_ENTRIES) return entries
      from = last
    }
  }

  async allEntries(on: Queryable, id: string): Promise<readonly LogEntry[]> {
    const rows = await on.query(
      'select lsn::text as lsn, position::text as position, ends_chunk::text as ends_chunk, message from bse_shapes.log l where l.shape = $1::text::bigint order by l.lsn, l.position',
      [id],
    )
    return rows.map(entryOf)
  }

  async replaceEntries(on: Queryable, id: string, entries: readonly LogEntry[]): Promise<void> {
    await on.query('delete from bse_shapes.log where shape = $1::text::bigint', [id])
    await this.insertEntries(on, entries.map((entry) => ({ ...entry, shape: id })))
  }

  async delete(on: Queryable, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    await on.query('delete from bse_shapes.shape where id in (select json_array_elements_text($1::text::json)::bigint)', [JSON.stringify(ids)])
  }

  async progress(): Promise<bigint> {
    const rows = await this.#database.query('select lsn::text as lsn from bse_shapes.progress')
    return BigInt(rows[0]?.['lsn'] ?? '0')
  }

  async setProgress(on: Queryable, lsn: bigint): Promise<void> {
    await on.query('update bse_shapes.progress set lsn = $1::text::bigint', [String(lsn)])
  }

  #page(id: string, after: Offset): Promise<readonly TextRow[]> {
    const [lsn = '0', position = '0'] = formatOffset(after).split('_')
    // No log entry has the lsn 0, so the end of the snapshot is before all of them.
    const from = after.lsn === SNAPSHOT_END.lsn ? ['0', '0'] : [lsn, position]
    return this.#database.query(
      `select lsn::text as lsn, position::text as position, ends_chunk::text as ends_chunk, message from bse_shapes.log l
       where l.shape = $1::text::bigint and (l.lsn, l.position) > ($2::text::bigint, $3::text::int) order by l.lsn, l.position limit ${READ_ENTRIES}`,
      [id, ...from],
    )
  }
}

function entryOf(row: TextRow): LogEntry {
  return { lsn: BigInt(row['lsn'] ?? '0'), position: Number(row['position']), endsChunk: row['ends_chunk'] === 'true', message: row['message'] ?? '' }
}

function storedShape(row: TextRow): StoredShape {
  const { definition, key, tableColumns } = JSON.parse(row['definition'] ?? '{}') as StoredDefinition
  return {
    record: {
      id: row['id'] ?? '',
      handle: row['handle'] ?? '',
      definition,
      tableColumns,
      key,
      snapshot: parseSnapshot(row['snapshot'] ?? ''),
      chunkCount: Number(row['chunks']),
    },
    end: typeof row['lsn'] === 'string' ? { lsn: BigInt(row['lsn']), position: Number(row['position']) } : undefined,
    openChunkBytes: Number(row['open_bytes']),
    sizeBytes: Number(row['size_bytes']),
  }
}
