import { createServer, request as send, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { ShapeHandler } from '../../../src/shapes/index.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly endedBy: 'server' | 'client'
}

export interface HttpCall {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** The client hangs up after so long. */
  readonly hangUpMs: number | undefined
}

/** A handler on a port of its own. `current` may be replaced while the server runs; while there is none, connections are cut. */
export async function serve(current: () => ShapeHandler | undefined): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((incoming, outgoing) => {
    const handler = current()
    if (handler === undefined) return void incoming.socket.destroy()
    const listener = getRequestListener((request) => handler(request, { remoteAddress: incoming.socket.remoteAddress }), { overrideGlobalObjects: false })
    void listener(incoming, outgoing)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, server }
}

export function call(port: number, { body, hangUpMs, headers, method, path }: HttpCall): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = send({ host: '127.0.0.1', port, method, path, headers, agent: false })
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => void collect(incoming, hangUpMs, () => outgoing.destroy()).then(resolve, reject))
    outgoing.end(body)
  })
}

async function collect(incoming: IncomingMessage, hangUpMs: number | undefined, hangUp: () => void): Promise<HttpAnswer> {
  let isHungUp = false
  const timer = hangUpMs === undefined ? undefined : setTimeout(() => {
    isHungUp = true
    hangUp()
  }, hangUpMs)
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
  } catch (error) {
    if (!isHungUp) throw error
  } finally {
    clearTimeout(timer)
  }
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
  return { status: incoming.statusCode ?? 0, headers, text: Buffer.concat(chunks).toString('utf8'), endedBy: isHungUp ? 'client' : 'server' }
}
