import type { Logger } from '@bse/core/provider'
import type { BlobHash } from '@bse/core/wire'
import { mapLimited } from '../blob-call.ts'
import type { CollectableStorage } from '../blob-storage.ts'
import type { WasCollected } from '../tombstones.ts'
import { finishAbandoned, isEveryTableFollowed, markCollecting, markGone, noteUnreferenced, readObjects, stillNamed, type Marked } from './garbage-records.ts'
import { KnownTables } from './known-tables.ts'
import { migrate } from './migrate.ts'
import { namesOf, type NamingOptions } from './mutation-schema.ts'
import { LEASE_SECONDS } from './setup-sql.ts'
import type { SqlDatabase } from './sql-database.ts'

export interface GarbageOptions extends NamingOptions {
  readonly database: SqlDatabase
  readonly store: CollectableStorage
  /** How long bytes are kept after they were first found without a row that names them. Longer than any transaction of the app. Default 7 days. */
  readonly graceMs?: number | undefined
  /** Only says what would be collected. Default false. */
  readonly dryRun?: boolean | undefined
  readonly logger?: Logger | undefined
  /** Ends the run between two pages. */
  readonly signal?: AbortSignal | undefined
}

/** What one run found and did. Of a dry run, `collected` is what it would have removed. */
export interface GarbageReport {
  readonly objects: number
  readonly sizeBytes: number
  readonly referenced: number
  /** Named by no row, and not for long enough. */
  readonly waiting: number
  readonly collected: number
  readonly collectedBytes: number
  /** Due, and left for the next run: somebody was writing, or named it again in between. */
  readonly spared: number
  /** Could not be removed. The next run tries again. */
  readonly failed: number
}

const GRACE_MS = 604_800_000
const PAGE = 1_000
const DELETES_AT_ONCE = 8
const SPARE_MS = (LEASE_SECONDS * 1_000) / 2

type Counts = { -readonly [Key in keyof GarbageReport]: number }

/**
 * Removes the bytes that no row has named for longer than the grace, in all spaces. What looks unreferenced is marked in a transaction that no writer
 * of a row can overlap, then removed, then remembered as collected: a row that names it meanwhile finds the mark and waits, or takes it away before.
 *
 * Only rows of tables with a blob column in `schema` count (without it: of all tables); nothing that names blobs elsewhere, a Yjs document for
 * example, may share the store.
 *
 * @throws an error when no table is followed, and the database's and the store's errors. What was done until then stands.
 */
export async function collectGarbage(options: GarbageOptions): Promise<GarbageReport> {
  const { database, signal, store } = options
  await migrate(database)
  await new KnownTables(database, namesOf(options)).trackAll()
  if (!(await isEveryTableFollowed(database))) throw new Error('garbage: no table is followed for its blobs, so everything would be garbage')
  const counts: Counts = { objects: 0, sizeBytes: 0, referenced: 0, waiting: 0, collected: 0, collectedBytes: 0, spared: 0, failed: 0 }
  for (const space of await store.spaces()) {
    for (let after: BlobHash | undefined, more = true; more; ) {
      signal?.throwIfAborted()
      const page = await store.list(space, { limit: PAGE, after })
      await collectPage(options, counts, space, page.blobs)
      after = page.blobs.at(-1)?.hash
      more = page.more && after !== undefined
    }
  }
  if (options.dryRun !== true) await finishAbandoned(database, store)
  return counts
}

/** Answers for a blob that is not stored. For `withTombstones`, and `wasCollected` of `startServer`. */
export function tombstonesIn(database: SqlDatabase): WasCollected {
  return async ({ hash, space }) => {
    const rows = await database.query("select state from bse_mutations.garbage where space = $1::text and hash = $2::text and state in ('gone', 'collecting')", [space, hash])
    return rows.length > 0
  }
}

type Blobs = readonly { readonly hash: BlobHash; readonly sizeBytes: number }[]

async function collectPage(options: GarbageOptions, counts: Counts, space: string, blobs: Blobs): Promise<void> {
  const { database, dryRun = false, graceMs = GRACE_MS } = options
  const hashes = blobs.map(({ hash }) => hash)
  if (!dryRun) await noteUnreferenced(database, space, hashes)
  const states = await readObjects(database, space, hashes, graceMs)
  const due = blobs.filter(({ hash }) => states.get(hash) === 'due')
  counts.objects += blobs.length
  counts.sizeBytes += sumOf(blobs)
  counts.referenced += blobs.filter(({ hash }) => states.get(hash) === 'referenced').length
  counts.waiting += blobs.filter(({ hash }) => states.get(hash) === 'waiting').length
  if (dryRun) {
    counts.collected += due.length
    counts.collectedBytes += sumOf(due)
  } else if (due.length > 0) {
    await collectDue(options, counts, space, due)
  }
}

/** The rows themselves are asked once more: an index that missed one, for whatever reason, must not cost its bytes. */
async function collectDue(options: GarbageOptions, counts: Counts, space: string, due: Blobs): Promise<void> {
  const { database, graceMs = GRACE_MS, logger } = options
  const named = await stillNamed(database, due.map(({ hash }) => hash))
  if (named.size > 0) logger?.error('rows name blobs that the index of references does not have', { count: named.size })
  const sizes = new Map(due.map(({ hash, sizeBytes }) => [hash, sizeBytes]))
  const marked = await markCollecting(database, space, [...sizes.keys()].filter((hash) => !named.has(hash)), graceMs)
  counts.spared += due.length - marked.length
  const deadlineMs = performance.now() + SPARE_MS
  const removed = (await mapLimited(marked, DELETES_AT_ONCE, (one) => remove(options, space, one, deadlineMs))).filter((one) => one !== undefined)
  await markGone(database, space, removed)
  counts.failed += marked.length - removed.length
  counts.collected += removed.length
  counts.collectedBytes += removed.reduce((sum, { hash }) => sum + (sizes.get(hash) ?? 0), 0)
}

/** Past the deadline the mark does not hold for long enough any more: somebody may be about to overrule it. */
async function remove({ logger, store }: GarbageOptions, space: string, one: Marked, deadlineMs: number): Promise<Marked | undefined> {
  if (performance.now() > deadlineMs) return undefined
  try {
    await store.delete({ space, hash: one.hash })
    return one
  } catch (error) {
    logger?.warn('a blob could not be removed', { cause: error instanceof Error ? error.message : String(error) })
    return undefined
  }
}

function sumOf(blobs: Blobs): number {
  return blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
