import { PGlite } from '@electric-sql/pglite'
import { Client, Pool } from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { poolDatabase, type SqlDatabase } from '../../../src/mutations/index.ts'
import { pgliteDatabase } from '../../../src/shapes/index.ts'

/** A database as one test finds it: with its tables and nothing of what was before. */
export interface TestDatabase {
  readonly database: SqlDatabase
  /** Several statements, as somebody else would run them. */
  run(sql: string): Promise<void>
  /** The value of the one column of each row, as text. */
  ask(sql: string): Promise<readonly (string | null)[]>
}

export type OpenDatabase = (schemaSql: string) => Promise<TestDatabase>

const RESET = 'drop schema if exists bse_mutations cascade; drop schema public cascade; create schema public'

/** Both kinds, each opened once for a file; a Postgres is started by the file. */
export function databases(postgresUrl: () => string): readonly (readonly [name: 'postgres' | 'pglite', open: OpenDatabase])[] {
  return [['postgres', onPostgres(postgresUrl)], ['pglite', onPglite()]]
}

export function onPostgres(postgresUrl: () => string, poolSize = 5): OpenDatabase {
  let pool: Pool | undefined
  afterAll(() => pool?.end())
  return async (schemaSql) => {
    const open = (pool ??= openPool(postgresUrl(), poolSize))
    await open.query(`${RESET}; ${schemaSql}`)
    return {
      database: poolDatabase(open),
      run: async (sql) => void (await open.query(sql)),
      ask: async (sql) => (await open.query<Record<string, string | null>>(sql)).rows.map((row) => Object.values(row)[0] ?? null),
    }
  }
}

/** The server may stop before the last connection has closed. */
function openPool(connectionString: string, max: number): Pool {
  const pool = new Pool({ connectionString, max })
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('error', () => undefined)
  return pool
}

/** A session of somebody else. */
export async function session(postgresUrl: string): Promise<Client> {
  const client = new Client({ connectionString: postgresUrl })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

export function onPglite(): OpenDatabase {
  let pglite: PGlite
  // Compiles WebAssembly, which takes its time on a machine that has much to do.
  beforeAll(async () => {
    pglite = await PGlite.create()
  }, 120_000)
  afterAll(() => pglite.close())
  return async (schemaSql) => {
    await pglite.exec(`${RESET}; ${schemaSql}`)
    return {
      database: pgliteDatabase(pglite),
      run: async (sql) => void (await pglite.exec(sql)),
      ask: async (sql) => (await pglite.query<Record<string, string | null>>(sql)).rows.map((row) => Object.values(row)[0] ?? null),
    }
  }
}
