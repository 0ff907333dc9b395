import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { pgliteDatabase, postgresDatabase, type ShapeDatabase } from '../../../src/shapes/index.ts'

/** A database of a conversation's own, with sessions that run its statements. */
export interface Backend {
  readonly name: 'postgres' | 'pglite'
  /** Of the server: its own connections. */
  database(): Promise<ShapeDatabase>
  /** Statements of one session run one after the other; `main` is the first. */
  run(sql: string, session?: string): Promise<void>
  close(): Promise<void>
}

/** A new database on a server, dropped in the end. */
export async function postgresBackend(serverUrl: string, name: string): Promise<Backend> {
  const admin = new pg.Client({ connectionString: serverUrl })
  await admin.connect()
  await admin.query(`create database "${name}"`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const sessions = new Map<string, Promise<pg.Client>>()
  const open = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url.href })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  return {
    name: 'postgres',
    database: () => postgresDatabase({ url: url.href }),
    run: async (sql, label = 'main') => {
      const opened = sessions.get(label) ?? open()
      sessions.set(label, opened)
      await (await opened).query(sql)
    },
    close: async () => {
      for (const opened of sessions.values()) await (await opened).end()
      await admin.query(`drop database "${name}" with (force)`)
      await admin.end()
    },
  }
}

/** In memory, with the one connection that it has. */
export async function pgliteBackend(made?: Pick<PGlite, 'query' | 'exec' | 'close'>): Promise<Backend> {
  const pglite = (made ?? (await PGlite.create())) as PGlite
  return {
    name: 'pglite',
    database: async () => pgliteDatabase(pglite),
    run: async (sql) => {
      await pglite.exec(sql)
    },
    close: () => pglite.close(),
  }
}
