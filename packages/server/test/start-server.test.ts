import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startServer } from '../src/node.ts'
import { rawSocket } from './support/raw-socket.ts'
import { randomBlob, temporaryDirectory, testServer } from './support/test-server.ts'

async function appDirectory(): Promise<string> {
  const directory = await temporaryDirectory()
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>app</title>')
  await writeFile(join(directory, 'assets/index-B4x9Kq2Z.js'), 'export {}')
  await writeFile(join(directory, 'sw.js'), 'self')
  return directory
}

describe('the server as a whole', () => {
  it('tells that it is well', async () => {
    const response = await fetch(`${(await testServer()).url}/health`)
    expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([200, 'application/json; charset=utf-8', { status: 'ok' }])
  })

  it('serves an app, and its page for paths of its own', async () => {
    const server = await testServer({ staticDirectory: await appDirectory() })
    const get = async (path: string): Promise<readonly unknown[]> => {
      const { headers, status } = await fetch(`${server.url}${path}`)
      return [status, headers.get('content-type'), headers.get('cache-control')]
    }
    expect(await get('/')).toEqual([200, 'text/html;charset=utf-8', 'no-cache'])
    expect(await get('/albums/7')).toEqual([200, 'text/html;charset=utf-8', 'no-cache'])
    expect(await get('/assets/index-B4x9Kq2Z.js')).toEqual([200, 'text/javascript', 'public, max-age=31536000, immutable'])
    expect(await get('/sw.js')).toEqual([200, 'text/javascript', 'no-cache'])
    expect((await get('/assets/missing.js'))[0]).toBe(404)
  })

  it('has nothing at the root without an app', async () => {
    expect((await fetch(`${(await testServer()).url}/`)).status).toBe(404)
  })

  it('opens a WebSocket for rows to its own pages only', async () => {
    const server = await testServer()
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    const upgrade = async (path: string, origin: string): Promise<string> => {
      const raw = await rawSocket(server.port)
      raw.socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\nOrigin: ${origin}\r\n\r\n`)
      await expect.poll(() => raw.received()).toMatch(/^HTTP\/1.1 \d+/)
      return raw.received().slice(9, 12)
    }
    expect(await upgrade('/sync', server.url)).toBe('101')
    expect(await upgrade('/sync', 'https://evil.example')).toBe('403')
    expect(await upgrade('/other', server.url)).toBe('404')
  })

  it('finishes an upload under way before it stops', async () => {
    const seen = Promise.withResolvers<void>()
    const authorize = (): { space: string } => {
      seen.resolve()
      return { space: 'a' }
    }
    const server = await testServer({ authorize, timeouts: { stopMs: 20_000 } })
    const { bytes, hash } = await randomBlob(1_000)
    const raw = await rawSocket(server.port)
    raw.socket.write(`PUT /blobs/${hash} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 1000\r\n\r\n`)
    raw.socket.write(bytes.subarray(0, 500))
    await seen.promise
    const closing = server.close()
    await expect(fetch(`${server.url}/health`)).rejects.toThrow()
    raw.socket.write(bytes.subarray(500))
    await Promise.all([closing, raw.closed])
    expect(raw.received()).toMatch(/^HTTP\/1.1 201/)
  })

  it('cuts what is still open at the deadline', async () => {
    const seen = Promise.withResolvers<void>()
    const authorize = (): { space: string } => {
      seen.resolve()
      return { space: 'a' }
    }
    const server = await testServer({ authorize, timeouts: { stopMs: 50 } })
    const raw = await rawSocket(server.port)
    raw.socket.write(`PUT /blobs/${(await randomBlob(1)).hash} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 1000\r\n\r\nx`)
    await seen.promise
    await server.close()
    await raw.closed
    expect(raw.received()).not.toMatch(/^HTTP\/1.1 2/)
  })

  it('says when the port is taken', async () => {
    const { port } = await testServer()
    await expect(startServer({ port, dataDirectory: await temporaryDirectory() })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('logs a line for each request without its query', async () => {
    // F-91
    const lines: string[] = []
    const note = (message: string, fields?: object): void => void lines.push(JSON.stringify({ message, ...fields }))
    const server = await testServer({ logger: { debug: note, info: note, warn: note, error: note } })
    await fetch(`${server.url}/health?token=SECRET`, { headers: { authorization: 'Bearer SECRET' } })
    await fetch(`${server.url}/blobs?cursor=SECRET`)
    await expect.poll(() => lines.filter((line) => line.includes('"request"')).length).toBe(2)
    expect(lines.join('\n')).toMatch(/"path":"\/health","status":200/)
    expect(lines.join('\n')).not.toContain('SECRET')
  })
})
