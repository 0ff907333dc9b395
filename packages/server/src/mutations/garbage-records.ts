import { isBlobHash, type BlobHash } from '@bse/core/wire'
import type { BlobStorage } from '../blob-storage.ts'
import { quoteName, type Queryable } from '../shapes/database.ts'
import { LEASE_SECONDS, LOCKS } from './setup-sql.ts'
import type { SqlDatabase } from './sql-database.ts'

/** `waiting`: named by no row, not for long enough. */
export type ObjectState = 'referenced' | 'waiting' | 'due'

/** What a collector may remove. `generation` counts how often it was marked: only who marked it last may say that it is gone. */
export interface Marked {
  readonly hash: BlobHash
  readonly generation: number
}

const LEASE = `interval '${LEASE_SECONDS} s'`
const GRACE = "$3::text::float8 * interval '1 ms'"
const GIVEN = 'select json_array_elements_text($2::text::json)'
const DUE = `((g.state = 'waiting' and g.since <= clock_timestamp() - ${GRACE}) or (g.state = 'collecting' and g.since <= clock_timestamp() - ${LEASE}))`
const REFERENCED = 'exists(select from bse_mutations.reference r where r.hash = '

export async function isEveryTableFollowed(on: Queryable): Promise<boolean> {
  return (await on.query('select relation from bse_mutations.tracked limit 1')).length > 0
}

/**
 * The time of what is not referenced begins to run, and that of what is referenced again ends. A record that somebody's transaction holds is left for the
 * next run: waiting for it would make others wait for us.
 */
export async function noteUnreferenced(on: Queryable, space: string, hashes: readonly BlobHash[]): Promise<void> {
  const parameters = [space, JSON.stringify(hashes)]
  const free = (condition: string): string =>
    `(select f.hash from bse_mutations.garbage f where f.space = $1::text and f.hash in (${GIVEN}) and ${condition} for update skip locked)`
  await on.query(
    `update bse_mutations.garbage g set state = 'kept' where g.space = $1::text and g.hash in ${free(`f.state = 'waiting' and ${REFERENCED}f.hash)`)}`,
    parameters,
  )
  await on.query(
    `update bse_mutations.garbage g set state = 'waiting', since = clock_timestamp()
     where g.space = $1::text and g.hash in ${free(`f.state in ('kept', 'gone') and not ${REFERENCED}f.hash)`)}`,
    parameters,
  )
  await on.query(
    `insert into bse_mutations.garbage (space, hash, state, since)
     select $1::text, named.hash, 'waiting', clock_timestamp() from (${GIVEN} as hash) named where not ${REFERENCED}named.hash) order by named.hash
     on conflict (space, hash) do nothing`,
    parameters,
  )
}

/** Those that are stored. One that was never noted waits. */
export async function readObjects(on: Queryable, space: string, hashes: readonly BlobHash[], graceMs: number): Promise<ReadonlyMap<string, ObjectState>> {
  const rows = await on.query(
    `select named.hash, case when ${REFERENCED}named.hash) then 'referenced' when ${DUE} then 'due' else 'waiting' end as state
     from (${GIVEN} as hash) named left join bse_mutations.garbage g on g.space = $1::text and g.hash = named.hash`,
    [space, JSON.stringify(hashes), String(graceMs)],
  )
  return new Map(rows.map((row) => [row['hash'] ?? '', row['state'] as ObjectState]))
}

/** Those that rows name, as the rows themselves say. */
export async function stillNamed(on: Queryable, hashes: readonly BlobHash[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const table of await on.query('select relation, columns from bse_mutations.tracked where to_regclass(relation) is not null')) {
    for (const column of JSON.parse(table['columns'] ?? '[]') as string[]) {
      const cell = `bse_mutations.hash_in(to_jsonb(t.${quoteName(column)}))`
      const rows = await on.query(`select distinct ${cell} as hash from ${table['relation'] ?? ''} t where ${cell} in (select json_array_elements_text($1::text::json))`, [JSON.stringify(hashes)])
      for (const row of rows) found.add(row['hash'] ?? '')
    }
  }
  return found
}

/** Marks what is still due. A bucket in which somebody is naming blobs at this moment is passed over. */
export async function markCollecting(database: SqlDatabase, space: string, hashes: readonly BlobHash[], graceMs: number): Promise<readonly Marked[]> {
  const marked: Marked[] = []
  for (const group of Map.groupBy(hashes, bucketOf).values()) {
    marked.push(...(await database.transaction((on) => markGroup(on, space, group, graceMs))))
  }
  return marked
}

/** As `bse_mutations.bucket` has it. */
function bucketOf(hash: BlobHash): string {
  return hash.slice(7, 9)
}

async function markGroup(on: Queryable, space: string, hashes: readonly BlobHash[], graceMs: number): Promise<readonly Marked[]> {
  const locked = await on.query(`select pg_try_advisory_xact_lock(${LOCKS}, bse_mutations.bucket($1::text))::text as locked`, [hashes[0] ?? ''])
  if (locked[0]?.['locked'] !== 'true') return []
  const rows = await on.query(
    `update bse_mutations.garbage g set state = 'collecting', since = clock_timestamp(), generation = g.generation + 1
     where g.space = $1::text and g.hash in (
       select g.hash from bse_mutations.garbage g where g.space = $1::text and g.hash in (${GIVEN}) and ${DUE} and not ${REFERENCED}g.hash) for update skip locked
     ) returning g.hash, g.generation::text as generation`,
    [space, JSON.stringify(hashes), String(graceMs)],
  )
  return rows.flatMap(({ generation, hash }) => (isBlobHash(hash) ? [{ hash, generation: Number(generation) }] : []))
}

export async function markGone(on: Queryable, space: string, removed: readonly Marked[]): Promise<void> {
  await on.query(
    `update bse_mutations.garbage g set state = 'gone', since = clock_timestamp()
     from json_to_recordset($2::text::json) as done(hash text, generation int)
     where g.space = $1::text and g.hash = done.hash and g.generation = done.generation and g.state = 'collecting'`,
    [space, JSON.stringify(removed)],
  )
}

/** A collector that died after it had removed bytes: what is not there any more is gone. */
export async function finishAbandoned(on: Queryable, store: Pick<BlobStorage, 'head'>): Promise<void> {
  const rows = await on.query(
    `select space, hash, generation::text as generation from bse_mutations.garbage where state = 'collecting' and since <= clock_timestamp() - ${LEASE} limit 10000`,
  )
  for (const { generation, hash, space } of rows) {
    if (!isBlobHash(hash) || typeof space !== 'string') continue
    const { is } = await store.head({ space, hash })
    if (is === 'absent') await markGone(on, space, [{ hash, generation: Number(generation) }])
  }
}
