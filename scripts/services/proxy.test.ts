import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Proxy } from './proxy.ts'

interface Echo {
  readonly port: number
  /** Bodies that came, whole or cut. */
  readonly bodies: readonly string[]
}

/** Answers every whole body with itself. */
async function echoServer(): Promise<Echo> {
  const bodies: string[] = []
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('close', () => bodies.push(Buffer.concat(chunks).toString('latin1')))
    incoming.on('end', () => response.end(Buffer.concat(chunks)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, bodies }
}

async function opened(): Promise<{ readonly echo: Echo; readonly proxy: Proxy }> {
  const echo = await echoServer()
  const proxy = await Proxy.open(echo.port)
  onTestFinished(() => proxy.close())
  return { echo, proxy }
}

async function put(proxy: Proxy, body: string): Promise<string> {
  return (await fetch(`${proxy.url}/a`, { method: 'PUT', body })).text()
}

const text = 'abcdefghij'.repeat(20_000)

describe('the proxy', () => {
  it('passes everything on and counts it', async () => {
    const { proxy } = await opened()
    expect(await put(proxy, text)).toBe(text)
    expect(await put(proxy, 'short')).toBe('short')
    expect(proxy.requests.map(({ bodyBytes, index, method, path }) => ({ index, method, path, bodyBytes }))).toEqual([
      { index: 0, method: 'PUT', path: '/a', bodyBytes: text.length }, { index: 1, method: 'PUT', path: '/a', bodyBytes: 5 },
    ])
    expect(proxy.upBytes).toBe(proxy.requests.reduce((sum, { bodyBytes, headBytes }) => sum + bodyBytes + headBytes, 0))
    expect(proxy.downBytes).toBeGreaterThan(text.length)
  })

  it('counts a body that comes in chunks, and sees the request behind it', async () => {
    const { proxy } = await opened()
    const body = new ReadableStream({ start: (controller) => (controller.enqueue(new TextEncoder().encode('x'.repeat(1_000))), controller.close()) })
    const chunked: RequestInit & { readonly duplex: 'half' } = { method: 'PUT', body, duplex: 'half' }
    expect(await (await fetch(`${proxy.url}/a`, chunked)).text()).toHaveLength(1_000)
    expect(await put(proxy, 'next')).toBe('next')
    expect(proxy.requests.map(({ bodyBytes, method }) => `${method} ${bodyBytes > 1_000 ? 'more than 1000' : bodyBytes}`)).toEqual(['PUT more than 1000', 'PUT 4'])
  })

  it.each([0, 1, 70_001, text.length - 1])('cuts a body after %i bytes, all of which arrive', async (after) => {
    const { echo, proxy } = await opened()
    const cut = proxy.cut({ part: 'body', after })
    await expect(put(proxy, text)).rejects.toThrow()
    expect(cut.happened).toBe(true)
    expect(cut.request?.bodyBytes).toBe(after)
    await expect.poll(() => echo.bodies).toEqual([text.slice(0, after)])
    expect(await put(proxy, text)).toBe(text)
  })

  it('cuts a head, an answer, and the moment between body and answer', async () => {
    const { echo, proxy } = await opened()
    for (const place of [{ part: 'head', after: 0 }, { part: 'head', after: 9 }, { part: 'answer', after: 0 }, { part: 'answer', after: 30 }, { part: 'body', after: 5 }] as const) {
      const cut = proxy.cut(place)
      await expect(put(proxy, 'short'), `${place.part} after ${place.after}`).rejects.toThrow()
      expect(cut.happened).toBe(true)
    }
    // Cut in the answer or behind the body, the server had everything.
    await expect.poll(() => echo.bodies).toEqual(['short', 'short', 'short'])
  })

  it('hits only the request that was meant', async () => {
    const { proxy } = await opened()
    const cut = proxy.cut({ part: 'body', after: 2, request: ({ index }) => index === 1 })
    expect(await put(proxy, 'first')).toBe('first')
    await expect(put(proxy, 'second')).rejects.toThrow()
    expect(cut.request).toMatchObject({ index: 1, bodyBytes: 2 })
  })

  it('corrupts one byte', async () => {
    const { proxy } = await opened()
    proxy.inject({ part: 'body', after: 70_001 }, { do: 'corrupt' })
    const came = await put(proxy, text)
    expect(came).toHaveLength(text.length)
    expect(came.split('').findIndex((letter, at) => letter !== text[at])).toBe(70_001)
  })

  it('sends bytes twice', async () => {
    const { echo, proxy } = await opened()
    proxy.inject({ part: 'body', after: 2 }, { do: 'duplicate', sizeBytes: 3 })
    await put(proxy, 'abcdefgh').catch(() => undefined)
    expect(echo.bodies).toEqual(['abcdecde'])
  })

  it('holds bytes back until it is told', async () => {
    const { echo, proxy } = await opened()
    const { promise, resolve } = Promise.withResolvers<void>()
    const held = proxy.inject({ part: 'body', after: 4 }, { do: 'hold', until: () => promise })
    const answer = put(proxy, text)
    await held.hit
    expect(proxy.bodyBytes()).toBe(4)
    expect(echo.bodies).toEqual([])
    resolve()
    expect(await answer).toBe(text)
  })

  it('delays and then goes on', async () => {
    const { proxy } = await opened()
    const delayed = proxy.inject({ part: 'answer', after: 0 }, { do: 'delay', delayMs: 1 })
    expect(await put(proxy, text)).toBe(text)
    expect(delayed.happened).toBe(true)
  })

  it('counts the bytes of a connection, whatever they mean', async () => {
    const { proxy } = await opened()
    const cut = proxy.cut({ part: 'down', after: 10 })
    await expect(put(proxy, 'short')).rejects.toThrow()
    expect(cut.happened).toBe(true)
    expect(proxy.downBytes).toBe(10)
  })

  it('lets nobody through while it is closed, and listens on the same port again', async () => {
    const { proxy } = await opened()
    const { url } = proxy
    await proxy.close()
    await expect(put(proxy, 'short')).rejects.toThrow()
    await proxy.listen()
    expect(proxy.url).toBe(url)
    expect(await put(proxy, 'short')).toBe('short')
  })
})
