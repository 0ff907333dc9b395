import type { Logger } from '@bse/core/provider'
import type { ShapeDatabase } from '../shapes/database.ts'
import { poolDatabase, type SqlDatabase } from './sql-database.ts'

const MAX_CONNECTIONS = 10

export interface OpenedDatabase {
  readonly database: SqlDatabase
  close(): Promise<void>
}

/** Of a Postgres, connections of its own; an embedded database has the one of the shapes, whose end is theirs. */
export async function openMutationDatabase(place: string, shapes: ShapeDatabase, logger?: Logger): Promise<OpenedDatabase> {
  if (!/^postgres(?:ql)?:\/\//.test(place)) return { database: shapes, close: async () => undefined }
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: place, max: MAX_CONNECTIONS, application_name: 'bse-mutations', keepAlive: true })
  // An idle connection that breaks is replaced by the pool; whoever uses one next learns of it.
  pool.on('error', (error) => logger?.warn('mutations: a database connection broke', { error: error.message }))
  return { database: poolDatabase(pool), close: () => pool.end() }
}
