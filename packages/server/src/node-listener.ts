import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { RequestContext } from './authorize.ts'

/** A handler for Node's own server, and for what is built on it: Express, Connect, Fastify's raw routes. */
export function nodeListener(handler: (request: Request, context: RequestContext) => Promise<Response>): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const listener = getRequestListener((request, env) => handler(request, { remoteAddress: env.incoming.socket?.remoteAddress }), { overrideGlobalObjects: false })
  return (incoming, outgoing) => void listener(incoming, outgoing)
}
