import type { ChangeSource, RowChange, Transaction } from './change-source.ts'
import { quoteName, type Queryable, type ShapeDatabase, type TextRow } from './database.ts'
import { CHANNEL, SETUP, TRIGGER, TRUNCATE_TRIGGER } from './outbox-sql.ts'

const KINDS: Readonly<Record<string, RowChange['kind']>> = { i: 'insert', u: 'update', d: 'delete', t: 'truncate' }

const COMMIT = 'c'

const TRIGGERS = `
with recursive tree as (
  select $1::text::oid as oid, true as is_root
  union all select i.inhrelid, false from pg_inherits i join tree on tree.oid = i.inhparent join pg_class c on c.oid = i.inhrelid where c.relispartition
)
select n.nspname::text as schema, c.relname::text as name, tree.is_root::text as is_root,
  exists(select from pg_trigger where tgrelid = c.oid and tgname = '${TRIGGER}')::text as has_rows,
  exists(select from pg_trigger where tgrelid = c.oid and tgname = '${TRUNCATE_TRIGGER}')::text as has_truncate
from tree join pg_class c on c.oid = tree.oid join pg_namespace n on n.oid = c.relnamespace`

/**
 * Changes by triggers that write into an outbox in the transaction itself, with NOTIFY to wake us. It works on any Postgres, also embedded.
 *
 * The horizon: a row of the outbox is visible exactly when its transaction has committed, and what was taken is deleted in the transaction that
 * took it. So "not taken yet" is decided by the snapshot, never by comparing ids: ids are given when a row is written, and a transaction that
 * wrote first may commit last.
 */
export function outboxSource(database: ShapeDatabase, { maxRows }: { readonly maxRows: number }): ChangeSource {
  return {
    prepare: async () => {
      for (const statement of statementsOf(SETUP)) await database.query(statement)
    },
    watch: (rootOid) => watch(database, rootOid),
    take: (on) => take(on, maxRows),
    isEmpty: async (on) => {
      const rows = await on.query('select exists(select from bse_shapes.outbox)::text as found')
      return rows[0]?.['found'] === 'false'
    },
    skip: async (on) => {
      await on.query('delete from bse_shapes.outbox')
    },
    subscribe: (wake) => database.listen(CHANNEL, wake),
  }
}

/** Cut at semicolons that end a line outside of a function's body: the drivers run one statement at a time. */
function statementsOf(script: string): readonly string[] {
  const statements = ['']
  for (const [index, part] of script.split('$capture$').entries()) {
    const pieces = index % 2 === 1 ? [`$capture$${part}$capture$`] : part.split(';\n')
    statements[statements.length - 1] += pieces[0] ?? ''
    statements.push(...pieces.slice(1))
  }
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '')
}

async function watch(database: ShapeDatabase, rootOid: number): Promise<void> {
  const tables = await database.query(TRIGGERS, [String(rootOid)])
  const missing = tables.filter((table) => (table['is_root'] === 'true' && table['has_rows'] === 'false') || table['has_truncate'] === 'false')
  if (missing.length === 0) return
  await database.transaction(async (on) => {
    for (const table of missing) await addTriggers(on, table)
  })
}

/** A partition gets the trigger for rows from its root, also a partition that is added later. */
async function addTriggers(on: Queryable, table: TextRow): Promise<void> {
  const name = `${quoteName(table['schema'] ?? '')}.${quoteName(table['name'] ?? '')}`
  const add = async (trigger: string, events: string): Promise<void> => {
    await on.query(`create trigger ${quoteName(trigger)} after ${events} execute function bse_shapes.capture()`)
    // Also for what a replica or a restore writes.
    await on.query(`alter table ${name} enable always trigger ${quoteName(trigger)}`)
  }
  if (table['is_root'] === 'true' && table['has_rows'] === 'false') await add(TRIGGER, `insert or update or delete on ${name} for each row`)
  if (table['has_truncate'] === 'false') await add(TRUNCATE_TRIGGER, `truncate on ${name} for each statement`)
}

async function take(on: Queryable, maxRows: number): Promise<readonly Transaction[] | 'too many'> {
  const rows = await on.query(
    `select id::text as id, xid::text as xid, relation::text as relation, kind::text as kind, columns, before, after
     from bse_shapes.outbox o order by o.id limit ${maxRows + 1}`,
  )
  if (rows.length > maxRows) return 'too many'
  if (rows.length > 0) await on.query('delete from bse_shapes.outbox')
  return inOrder(rows)
}

/**
 * By the id of its last row, which a transaction writes as it commits. Whoever saw another's work wrote after that, so causes come before effects even
 * where an app has its deferred triggers run early.
 */
function inOrder(rows: readonly TextRow[]): readonly Transaction[] {
  const byXid = new Map<string, RowChange[]>()
  for (const row of rows) {
    const xid = row['xid'] ?? ''
    const changes = byXid.get(xid) ?? []
    // Taken out and put back: the map keeps the order of the last rows.
    byXid.delete(xid)
    byXid.set(xid, changes)
    if (row['kind'] !== COMMIT) changes.push(changeOf(row, changes.length))
  }
  return [...byXid].map(([xid, changes]) => ({ xid, changes }))
}

function changeOf(row: TextRow, position: number): RowChange {
  return {
    kind: KINDS[row['kind'] ?? ''] ?? 'truncate',
    relation: Number(row['relation']),
    columns: JSON.parse(row['columns'] ?? '[]') as string[],
    before: row['before'] ?? null,
    after: row['after'] ?? null,
    position,
  }
}
