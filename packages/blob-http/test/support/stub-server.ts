import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { BlobProvider, ProviderContext } from '@bse/core/provider'
import { plainProviderContext } from '@bse/core/testing'
import { httpBlobs, type HttpBlobsOptions } from '../../src/index.ts'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

export type Answer = (request: Seen, response: ServerResponse) => void

export interface StubServer {
  readonly url: string
  readonly seen: readonly Seen[]
  provider(options?: Partial<HttpBlobsOptions>, context?: Partial<ProviderContext>): BlobProvider
}

/** A server that answers what a good one never would. Bodies are read and dropped before it does. */
export async function stubServer(answer: Answer): Promise<StubServer> {
  const seen: Seen[] = []
  const server = createServer((incoming, response) => {
    const request: Seen = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers }
    seen.push(request)
    incoming.resume().once('end', () => answer(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider: StubServer['provider'] = (options = {}, context = {}) => {
    const made = httpBlobs({ url: `${url}/blobs`, ...options })
    made.connect(plainProviderContext(context))
    onTestFinished(() => made.close())
    return made
  }
  return { url, seen, provider }
}

export function answerJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** What a hotel's network says to everything. */
export function answerPortal(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/html' })
  response.end('<html>Please log in</html>')
}
