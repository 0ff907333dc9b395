import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createShapeHandler } from '../../../src/shapes/index.ts'
import { pgliteBackend } from '../replay/backend.ts'

/** The page of the test runner has a port of its own, which nobody knows beforehand. */
function isThisMachine(origin: string): boolean {
  return URL.canParse(origin) && ['localhost', '127.0.0.1'].includes(new URL(origin).hostname)
}

export interface BrowserShapeServer {
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>
  run(sql: string): Promise<void>
  close(): Promise<void>
}

export async function openShapeServer(): Promise<BrowserShapeServer> {
  const backend = await pgliteBackend()
  const handler = await createShapeHandler({ database: await backend.database(), origins: isThisMachine, deletion: true })
  return {
    answer: getRequestListener((request, env) => handler(request, { remoteAddress: env.incoming.socket?.remoteAddress }), { overrideGlobalObjects: false }),
    run: (sql) => backend.run(sql),
    close: async () => {
      await handler.close()
      await backend.close()
    },
  }
}
