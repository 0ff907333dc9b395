import { mkdtemp, readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { onTestFinished } from 'vitest'
import type { RemoteServer } from './remote-server.ts'

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }

/** Bundles the page with an engine in it, and answers the folder it is in. */
export async function buildPages(): Promise<string> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const outDir = await mkdtemp(join(tmpdir(), 'bse-pages-'))
  await build({
    root, configFile: false, logLevel: 'error',
    resolve: { conditions: ['@bse/source', 'module', 'import', 'default'] },
    build: { outDir, emptyOutDir: false, minify: false, target: 'esnext', rollupOptions: { input: join(root, 'test/tabs/fixtures/tab.html') } },
  })
  return outDir
}

/** The pages, and the remote under the same origin; ends with the test. */
export async function servePages(folder: string, remote: RemoteServer): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/remote/') === true) {
      request.url = request.url.slice('/remote'.length)
      remote.handle(request, response)
    } else void sendFile(folder, request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function sendFile(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = normalize(new URL(request.url ?? '/', 'http://page').pathname)
  try {
    const body = await readFile(join(folder, path))
    response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream')
    response.end(body)
  } catch {
    // A favicon, say: whatever is not there is not there.
    response.statusCode = 404
    response.end()
  }
}
