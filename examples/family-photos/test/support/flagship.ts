import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bucketStorage } from '@bse/server'
import { collectGarbage, createMutationHandler, openMutationDatabase, tombstonesIn, type GarbageReport, type Queryable } from '@bse/server/mutations'
import { startServer } from '@bse/server/node'
import { createShapeHandler, openShapeDatabase } from '@bse/server/shapes'
import { startPostgres } from '../../../../scripts/services/postgres.ts'
import { startS3Backend } from '../../../../scripts/services/s3-backend.ts'
import { builtApp } from './album-on.ts'

const SPACE = 'family'

/** The demo with rows in Postgres by Electric's protocol and bytes in S3, straight from the page. */
export interface Flagship {
  readonly url: string
  /** What Postgres has. */
  readonly rows: Queryable
  /** Whether the bucket has it. */
  has(hash: string): Promise<boolean>
  /** Removes what no row names, without grace. */
  collect(): Promise<GarbageReport>
  readonly folder: string
  close(): Promise<void>
}

export async function startFlagship(): Promise<Flagship> {
  const folder = await mkdtemp(join(tmpdir(), 'bse-flagship-'))
  const postgres = await startPostgres()
  const rows = await openShapeDatabase(postgres.url)
  const sql = await readFile(join(import.meta.dirname, '../../tables.sql'), 'utf8')
  for (const statement of sql.split(';').filter((text) => text.trim() !== '')) await rows.query(statement)
  const writes = await openMutationDatabase(postgres.url)
  const { database } = writes
  const s3 = await startS3Backend({ wasCollected: tombstonesIn(database) })
  const store = bucketStorage(s3.bucket)
  const mutations = await createMutationHandler({ database, blobs: store, authorize: () => ({ space: SPACE }) })
  const shapes = await createShapeHandler({ database: rows })
  const app = await builtApp(folder, {
    VITE_BLOBS: JSON.stringify({ store: 's3', presignEndpoint: s3.presignEndpoint, storeUrl: s3.storeUrl }),
    VITE_ELECTRIC: JSON.stringify({ url: '/', mutationsUrl: '/mutations' }),
  })
  const server = await startServer({ dataDirectory: join(folder, 'data'), staticDirectory: app, shapes, mutations: async () => mutations, timeouts: { stopMs: 100 } })
  return {
    url: server.url, rows: database, folder,
    has: async (hash) => (await s3.bucket.head(`${SPACE}/${hash.slice('sha256:'.length)}`)) !== undefined,
    collect: () => collectGarbage({ database, store, graceMs: 0 }),
    close: async () => {
      await server.close()
      await writes.close()
      await s3.close()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
