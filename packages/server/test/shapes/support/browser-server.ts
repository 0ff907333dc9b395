import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createShapeHandler, type ShapeHandler } from '../../../src/shapes/index.ts'
import { pgliteBackend } from '../replay/backend.ts'

/** The page of the test runner has a port of its own, which nobody knows beforehand. */
function isThisMachine(origin: string): boolean {
  return URL.canParse(origin) && ['localhost', '127.0.0.1'].includes(new URL(origin).hostname)
}

export interface BrowserShapeServer {
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>
  run(sql: string): Promise<void>
  /** One text: the JSON that the statement selects. */
  select(sql: string): Promise<string>
  /** While it lasts, connections are cut. */
  restart(): Promise<void>
  close(): Promise<void>
}

export async function openShapeServer(): Promise<BrowserShapeServer> {
  const backend = await pgliteBackend()
  const open = async (): Promise<ShapeHandler> => createShapeHandler({ database: await backend.database(), origins: isThisMachine, deletion: true })
  let handler: ShapeHandler | undefined = await open()
  return {
    answer: async (incoming, outgoing) => {
      const current = handler
      if (current === undefined) return void incoming.socket.destroy()
      await getRequestListener((request, env) => current(request, { remoteAddress: env.incoming.socket?.remoteAddress }), { overrideGlobalObjects: false })(incoming, outgoing)
    },
    run: (sql) => backend.run(sql),
    select: async (sql) => {
      const database = await backend.database()
      return (await database.query(sql))[0]?.['json'] ?? '[]'
    },
    restart: async () => {
      const old = handler
      handler = undefined
      await old?.close()
      handler = await open()
    },
    close: async () => {
      await handler?.close()
      await backend.close()
    },
  }
}
