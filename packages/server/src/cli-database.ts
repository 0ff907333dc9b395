import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@bse/core/provider'
import type { CollectOptions } from './cli-options.ts'
import { directoryStorage } from './directory-storage.ts'
import type { GarbageReport, SqlDatabase } from './mutations/index.ts'
import type { ServerOptions } from './start-server.ts'

/** What a server does with a database: shapes, writes, and the blobs that it remembers as collected. */
export interface ServedDatabase extends Required<Pick<ServerOptions, 'shapes' | 'mutations' | 'wasCollected'>> {
  readonly database: SqlDatabase
  close(): Promise<void>
}

/** Loaded only when asked for: it brings the drivers of databases. */
export async function serveDatabase(place: string, { casing, origins }: { readonly casing: 'snake' | undefined; readonly origins: readonly string[] }, logger: Logger): Promise<ServedDatabase> {
  const { createShapeHandler, openShapeDatabase } = await import('./shapes/index.ts')
  const { createMutationHandler, openMutationDatabase, tombstonesIn } = await import('./mutations/index.ts')
  const following = await openShapeDatabase(place, logger)
  const { close, database } = await openMutationDatabase(place, { shapes: following, logger })
  return {
    shapes: await createShapeHandler({ database: following, origins, logger }),
    mutations: (blobs) => createMutationHandler({ database, blobs, casing, origins, logger }),
    wasCollected: tombstonesIn(database),
    database,
    close,
  }
}

/** One collection, over the database of a server or, without it, one of its own. */
export async function collect(options: CollectOptions, logger: Logger, serving?: SqlDatabase): Promise<GarbageReport> {
  const { dataDirectory, dryRun, graceMs, place } = options
  await refuseDocuments(join(dataDirectory, 'rows'))
  const { collectGarbage, openMutationDatabase } = await import('./mutations/index.ts')
  const { close, database } = serving === undefined ? await openMutationDatabase(place, { logger }) : { close: undefined, database: serving }
  const store = directoryStorage(join(dataDirectory, 'blobs'))
  try {
    return await collectGarbage({ database, store, graceMs, dryRun, logger })
  } finally {
    await store.close()
    await close?.()
  }
}

/** Rows of Yjs documents name blobs too, and nobody looks at them here. */
async function refuseDocuments(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  if (entries.some((entry) => entry.isFile())) throw new Error('this data directory also has Yjs documents, whose blobs would be taken for garbage')
}
