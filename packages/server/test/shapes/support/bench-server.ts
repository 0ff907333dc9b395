import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createShapeHandler } from '../../../src/shapes/index.ts'
import { pgliteBackend, postgresBackend } from '../replay/backend.ts'

export interface BenchServer {
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>
  /** One transaction that inserts one row. */
  change(): Promise<void>
  close(): Promise<void>
}

/** On a Postgres by its URL, or an embedded one. */
export async function openBenchServer(postgresUrl: string): Promise<BenchServer> {
  const backend = postgresUrl === '' ? await pgliteBackend() : await postgresBackend(postgresUrl, 'bench')
  await backend.run("create table items (id serial primary key, body text not null default repeat('x', 100))")
  const handler = await createShapeHandler({ database: await backend.database() })
  return {
    answer: getRequestListener((request, env) => handler(request, { remoteAddress: env.incoming.socket?.remoteAddress }), { overrideGlobalObjects: false }),
    change: () => backend.run('insert into items default values'),
    close: async () => {
      await handler.close()
      await backend.close()
    },
  }
}
