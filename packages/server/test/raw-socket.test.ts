import { describe, expect, it } from 'vitest'
import { exchange, rawSocket } from './support/raw-socket.ts'
import { filesOf, put, randomBlob, storedBlob, testServer } from './support/test-server.ts'

const statusOf = (answer: string): string => answer.slice(0, 12)

describe('the server on the wire', () => {
  it('keeps nothing of a body that ends early', async () => {
    // F-64 E-094
    const server = await testServer()
    const { bytes, hash } = await randomBlob(400_000)
    for (const sent of [0, 1, 65_536, 399_999]) {
      const raw = await rawSocket(server.port)
      raw.socket.write(`PUT /blobs/${hash} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 400000\r\n\r\n`)
      await new Promise<void>((resolve) => raw.socket.end(bytes.subarray(0, sent), () => resolve()))
      await raw.closed
      expect(raw.received()).not.toMatch(/^HTTP\/1.1 2/)
    }
    await expect.poll(() => filesOf(server.directory)).toEqual([])
    expect((await fetch(`${server.url}/blobs/${hash}`)).status).toBe(404)
    expect((await put(server, hash, bytes)).status).toBe(201)
  })

  it('keeps nothing of a body that is shorter than it declared, though its bytes are right', async () => {
    // F-64: the hash alone would let it pass.
    const server = await testServer()
    const { bytes, hash } = await randomBlob(1_000)
    const raw = await rawSocket(server.port)
    raw.socket.write(`PUT /blobs/${hash} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 1001\r\n\r\n`)
    raw.socket.end(bytes)
    await raw.closed
    const later = await storedBlob(server, 10)
    expect(await (await fetch(`${server.url}/blobs`)).json()).toEqual({ blobs: [{ hash: later.hash, sizeBytes: 10 }] })
  })

  it('takes a chunked body without a length', async () => {
    // F-64
    const server = await testServer()
    const { bytes, hash } = await randomBlob(1_000)
    const chunked = Buffer.concat([Buffer.from('3e8\r\n'), bytes, Buffer.from('\r\n0\r\n\r\n')])
    const head = [`PUT /blobs/${hash} HTTP/1.1`, `Host: 127.0.0.1:${server.port}`, 'Transfer-Encoding: chunked']
    expect(statusOf(await exchange(server.port, head, chunked))).toBe('HTTP/1.1 201')
  })

  it('keeps nothing of a chunked body that breaks', async () => {
    // F-64
    const server = await testServer()
    const { bytes, hash } = await randomBlob(1_000)
    const raw = await rawSocket(server.port)
    raw.socket.write(`PUT /blobs/${hash} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n`)
    raw.socket.end(Buffer.concat([bytes, Buffer.from('\r\nnonsense\r\n')]))
    await raw.closed
    await expect.poll(() => filesOf(server.directory)).toEqual([])
  })

  it('counts a chunked body and cuts it at the limit', async () => {
    // F-66: nothing declares the size; ten times the limit is on its way.
    const server = await testServer({ maxBytes: 50_000 })
    const { hash } = await randomBlob(8)
    const raw = await rawSocket(server.port)
    raw.socket.write(`PUT /blobs/${hash} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nTransfer-Encoding: chunked\r\n\r\n`)
    for (let sent = 0; sent < 10; sent++) raw.socket.write(`c350\r\n${'x'.repeat(50_000)}\r\n`)
    await raw.closed
    expect(statusOf(raw.received())).toBe('HTTP/1.1 413')
    expect(await filesOf(server.directory)).toEqual([])
  })

  it('takes a chunked body of exactly the limit and not a byte more', async () => {
    // F-66: nothing but the count can tell.
    const server = await testServer({ maxBytes: 1_000 })
    const chunked = async (sizeBytes: number): Promise<string> => {
      const { bytes, hash } = await randomBlob(sizeBytes)
      const body = Buffer.concat([Buffer.from(`${sizeBytes.toString(16)}\r\n`), bytes, Buffer.from('\r\n0\r\n\r\n')])
      return statusOf(await exchange(server.port, [`PUT /blobs/${hash} HTTP/1.1`, `Host: 127.0.0.1:${server.port}`, 'Transfer-Encoding: chunked'], body))
    }
    expect([await chunked(1_000), await chunked(1_001)]).toEqual(['HTTP/1.1 201', 'HTTP/1.1 413'])
  })

  it.each([
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['a negative length', ['Content-Length: -1']],
    ['an unknown transfer encoding', ['Transfer-Encoding: xchunked']],
    ['a space before the colon', ['Content-Length : 5']],
    ['a broken header line', ['X: a\rb']],
  ])('refuses a request with %s', async (_, headers) => {
    // F-78
    const server = await testServer()
    const { hash } = await randomBlob(5)
    const answer = await exchange(server.port, [`PUT /blobs/${hash} HTTP/1.1`, `Host: 127.0.0.1:${server.port}`, ...headers], 'hello')
    expect(statusOf(answer)).toBe('HTTP/1.1 400')
    expect(await filesOf(server.directory)).toEqual([])
  })

  it.each(['/blobs/../../../etc/passwd', '/blobs/%2e%2e/%2e%2e/etc/passwd', '//etc/passwd', '/..%2f..%2fetc/passwd', '/blobs/..\\..\\etc\\passwd', 'http://x/blobs/../etc/passwd', '*'])(
    'gives nothing away for the path %s',
    async (path) => {
      // F-61
      const server = await testServer({ staticDirectory: import.meta.dirname })
      const answer = await exchange(server.port, [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${server.port}`])
      expect(statusOf(answer)).toMatch(/HTTP\/1.1 40[04]/)
      expect(answer).not.toContain('root:')
    },
  )

  it('drops who does not finish the headers', async () => {
    // F-74
    const server = await testServer({ timeouts: { headersMs: 100, stopMs: 100 } })
    const raw = await rawSocket(server.port)
    raw.socket.write('GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    await raw.closed
    expect(statusOf(raw.received())).toBe('HTTP/1.1 408')
  })

  it('drops a body that stands still and answers others meanwhile', async () => {
    // F-74
    const server = await testServer({ timeouts: { idleMs: 200, stopMs: 100 } })
    const { hash } = await randomBlob(8)
    const slow = await Promise.all(Array.from({ length: 50 }, () => rawSocket(server.port)))
    for (const { socket } of slow) socket.write(`PUT /blobs/${hash} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 1000\r\n\r\nx`)
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    await Promise.all(slow.map(({ closed }) => closed))
    await expect.poll(() => filesOf(server.directory)).toEqual([])
  })

  it('refuses a host name that is not this machine', async () => {
    // A page of another site whose name resolves to 127.0.0.1.
    const server = await testServer()
    const { hash } = await storedBlob(server, 10)
    expect(statusOf(await exchange(server.port, [`GET /blobs/${hash} HTTP/1.1`, 'Host: rebound.example']))).toBe('HTTP/1.1 404')
    expect(statusOf(await exchange(server.port, [`GET /blobs HTTP/1.1`, 'Host: rebound.example']))).toBe('HTTP/1.1 403')
  })
})
