import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly bodyBytes: number
}

export interface StubServer {
  readonly url: string
  readonly seen: readonly Seen[]
}

/** A server that says what a good one never would, or only when it is full of other people's requests. Bodies are read before. */
export async function stubServer(answer: (request: Seen, response: ServerResponse) => void): Promise<StubServer> {
  const seen: Seen[] = []
  const server = createServer((incoming, response) => {
    let bodyBytes = 0
    incoming.on('data', (chunk: Buffer) => (bodyBytes += chunk.length))
    incoming.once('end', () => {
      const request: Seen = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, bodyBytes }
      seen.push(request)
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}
