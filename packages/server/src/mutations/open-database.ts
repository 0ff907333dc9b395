import type { Logger } from '@bse/core/provider'
import type { ShapeDatabase } from '../shapes/database.ts'
import { openPglite } from '../shapes/pglite-database.ts'
import { poolDatabase, type SqlDatabase } from './sql-database.ts'

const MAX_CONNECTIONS = 10

export interface OpenedDatabase {
  readonly database: SqlDatabase
  close(): Promise<void>
}

export interface OpenDatabaseOptions {
  /** The shapes' own: an embedded database has one connection, so it is shared, and its end is theirs. */
  readonly shapes?: ShapeDatabase | undefined
  readonly logger?: Logger | undefined
}

/** A Postgres by its URL, with connections of its own, or the directory of an embedded one. */
export async function openMutationDatabase(place: string, { logger, shapes }: OpenDatabaseOptions = {}): Promise<OpenedDatabase> {
  if (/^postgres(?:ql)?:\/\//.test(place)) return openPool(place, logger)
  if (shapes !== undefined) return { database: shapes, close: async () => undefined }
  const database = await openPglite(place)
  return { database, close: () => database.close() }
}

async function openPool(url: string, logger: Logger | undefined): Promise<OpenedDatabase> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: url, max: MAX_CONNECTIONS, application_name: 'bse-mutations', keepAlive: true })
  // An idle connection that breaks is replaced by the pool; whoever uses one next learns of it.
  pool.on('error', (error) => logger?.warn('mutations: a database connection broke', { error: error.message }))
  return { database: poolDatabase(pool), close: () => pool.end() }
}
