import pg from 'pg'
import { expect } from 'vitest'
import { createSyncEngine, platformEnvironment, type SyncEngine } from '@bse/core'
import { memoryCache, memoryChannels, memoryLocks, memoryState } from '@bse/core/memory'
import { FakeRemote, fakeBlobs } from '@bse/core/testing'
import { createMutationHandler, poolDatabase, type Queryable, type SqlDatabase } from '@bse/server/mutations'
import { createShapeHandler, postgresDatabase } from '@bse/server/shapes'
import { electricData } from '../../src/index.ts'

const schema = { notes: { id: 'string', body: 'string', step: 'integer' } } as const
type Engine = SyncEngine<typeof schema>

/** `log` has a line for each row that was really written, so that what is applied twice shows. */
const TABLES = `
  create table notes (id text primary key, body text not null, step int not null);
  create table log (id bigserial primary key, note text, step int);
  create function log() returns trigger language plpgsql as $$ begin insert into log (note, step) values (new.id, new.step); return null; end $$;
  create trigger log after insert or update on notes for each row execute function log();
`
const POOL = 20
/** So many transactions wait until a younger one has committed; the last ones find none. */
const HELD = 0.5
const MOST_HELD = POOL / 2
const FOUND_NONE_MS = 1_000
/** So often an answer is lost after the server has done what it was asked. */
const LOST_ANSWERS = 0.1

export interface CrowdOptions {
  readonly engines: number
  /** Of each engine: an insert, and updates of that row. */
  readonly writes: number
  readonly seed: number
  readonly patienceMs: number
}

export interface CrowdReport {
  /** That wrote rows. */
  readonly transactions: number
  /** Of these, those that committed later than one with a younger id. */
  readonly outOfOrder: number
  readonly lostAnswers: number
}

/**
 * Many devices in one process write at once, over one pool, while each follows all rows. Every write must be in the database once, and every device
 * must end with what the database has.
 */
export async function checkCrowd(serverUrl: string, { engines: count, patienceMs, seed, writes }: CrowdOptions): Promise<CrowdReport> {
  const database = await newDatabase(serverUrl)
  const random = numbers(seed)
  const commits = new Commits(poolDatabase(database.pool))
  const mutations = await createMutationHandler({
    database: commits,
    schema,
    // In the transaction, which has its id by then.
    authorize: async (_, action, on) => {
      if (action.kind !== 'push' && random() < HELD) await commits.letYoungerPass(on)
      return { space: 'default' }
    },
  })
  const shapes = await createShapeHandler({ database: await postgresDatabase({ url: database.url }) })
  let lostAnswers = 0
  const serve = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    if (new URL(request.url).pathname !== '/mutations') return shapes(request, { remoteAddress: '127.0.0.1' })
    const response = await mutations(request, { remoteAddress: '127.0.0.1' })
    if (random() >= LOST_ANSWERS) return response
    lostAnswers += 1
    throw new TypeError('the line was cut')
  }
  const engines = Array.from({ length: count }, (_, n) => openEngine(`crowd-${seed}-${n}`, serve))
  await Promise.all(engines.map((engine, n) => write(engine, `note-${n}`, writes)))
  const expected = await database.rows()
  expect(expected).toHaveLength(count)
  expect(await database.logged()).toEqual(Array.from({ length: writes }, (_, step) => ({ step, count })))
  for (const engine of engines) {
    await expect.poll(async () => (await engine.notes.orderBy('id').get()).map(({ body, id, step }) => ({ id, body, step })), { timeout: patienceMs, interval: 200 }).toEqual(expected)
    expect(await engine.offline.pending()).toEqual([])
  }
  await Promise.all(engines.map((engine) => engine.close()))
  await shapes.close()
  await database.close()
  return { transactions: commits.count, outOfOrder: commits.outOfOrder, lostAnswers }
}

async function write(engine: Engine, id: string, writes: number): Promise<void> {
  await engine.notes.insert({ id, body: `${id} at 0`, step: 0 }).synced
  for (let step = 1; step < writes; step++) await engine.notes.update(id, { body: `${id} at ${step}`, step }).synced
}

function openEngine(name: string, serve: typeof fetch): Engine {
  return createSyncEngine({
    name, schema, state: memoryState(), cache: { backend: memoryCache() }, blobs: fakeBlobs(new FakeRemote()), data: electricData({ url: 'http://127.0.0.1' }),
    environment: { ...platformEnvironment(), locks: memoryLocks(), channel: memoryChannels(), fetch: serve },
  })
}

/** Watches in which order transactions end. A mutation that was applied before has an id from then, and is not counted again. */
class Commits implements SqlDatabase {
  count = 0
  outOfOrder = 0
  readonly #database: SqlDatabase
  readonly #seen = new Set<number>()
  readonly #waiting = new Set<() => void>()
  #youngest = 0

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  query(...args: Parameters<SqlDatabase['query']>): ReturnType<SqlDatabase['query']> {
    return this.#database.query(...args)
  }

  /** Half of the pool at most waits, for the other half. */
  async letYoungerPass(on: Queryable): Promise<void> {
    if (this.#waiting.size >= MOST_HELD) return
    const [row] = await on.query('select pg_current_xact_id()::xid::text as txid')
    const txid = Number(row?.['txid'])
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => done(), FOUND_NONE_MS)
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve()
      }
      const look = (): void => {
        if (this.#youngest > txid) done()
      }
      this.#waiting.add(look)
      look()
    })
  }

  async transaction<T>(work: Parameters<SqlDatabase['transaction']>[0]): Promise<T> {
    const result = (await this.#database.transaction(work)) as T
    const txid = typeof result === 'object' && result !== null && 'txid' in result ? Number(result.txid) : undefined
    if (txid === undefined || this.#seen.has(txid)) return result
    this.#seen.add(txid)
    this.count += 1
    if (txid < this.#youngest) this.outOfOrder += 1
    this.#youngest = Math.max(this.#youngest, txid)
    for (const look of [...this.#waiting]) look()
    return result
  }
}

interface CrowdDatabase {
  readonly url: string
  readonly pool: pg.Pool
  rows(): Promise<readonly unknown[]>
  /** How many rows each step was written to. */
  logged(): Promise<readonly unknown[]>
  close(): Promise<void>
}

let databases = 0

async function newDatabase(serverUrl: string): Promise<CrowdDatabase> {
  const admin = new pg.Client({ connectionString: serverUrl })
  await admin.connect()
  const name = `crowd_${process.pid}_${(databases += 1)}`
  await admin.query(`create database ${name}`)
  await admin.end()
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const pool = new pg.Pool({ connectionString: url.href, max: POOL })
  // The server may be stopped before the last connection has closed.
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('error', () => undefined)
  await pool.query(TABLES)
  return {
    url: url.href,
    pool,
    rows: async () => (await pool.query<object>('select id, body, step from notes order by id collate "C"')).rows,
    logged: async () => (await pool.query<object>('select step, count(*)::int as count from log group by step order by step')).rows,
    close: () => pool.end(),
  }
}

/** From 0 to below 1, the same ones in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
