import { PGlite } from '@electric-sql/pglite'
import { onTestFinished } from 'vitest'
import { createShapeHandler, type ShapeHandler, type ShapeHandlerOptions } from '../../../src/shapes/index.ts'
import { pgliteBackend, postgresBackend, type Backend } from '../replay/backend.ts'
import { serve } from '../replay/http.ts'

/** A database of a test's own and a handler over it, on a port; gone when the test is. */
export interface ShapeServer {
  readonly port: number
  readonly url: string
  readonly backend: Backend
  /** Stops the handler and starts another over the same database. */
  restart(): Promise<void>
  handler(): ShapeHandler
}

export type Open = () => Promise<Backend>

let databases = 0
/** Copied for each test: that takes a third of the time. */
let empty: Promise<PGlite> | undefined

/** Both kinds of databases; a Postgres is started by the test file, once. */
export function backends(postgresUrl: () => string): readonly (readonly [name: 'postgres' | 'pglite', open: Open])[] {
  return [
    ['postgres', () => postgresBackend(postgresUrl(), `test_${process.pid}_${(databases += 1)}`)],
    ['pglite', async () => pgliteBackend(await (await (empty ??= PGlite.create())).clone())],
  ]
}

export async function shapeServer(open: Open, schemaSql: string, options: Partial<ShapeHandlerOptions> = {}): Promise<ShapeServer> {
  const backend = await open()
  await backend.run(schemaSql)
  const start = async (): Promise<ShapeHandler> => createShapeHandler({ database: await backend.database(), ...options })
  let handler = await start()
  let isUp = true
  const { port, server } = await serve(() => (isUp ? handler : undefined))
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await handler.close()
    await backend.close()
  })
  const restart = async (): Promise<void> => {
    isUp = false
    await handler.close()
    server.closeAllConnections()
    handler = await start()
    isUp = true
  }
  return { port, url: `http://127.0.0.1:${port}/v1/shape`, backend, restart, handler: () => handler }
}
