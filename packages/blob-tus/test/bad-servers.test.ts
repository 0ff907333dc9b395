import type { ServerResponse } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startServer, type RunningServer } from '@bse/server/node'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tusBlobs } from '../src/index.ts'
import { httpBlobs } from '@bse/blob-http'
import { connected, isStored, memory, randomTask } from './support/carried.ts'
import { stubServer, type Seen, type StubServer } from './support/stub-server.ts'

const SIZE = 300_000

/** A tus server with nothing behind it: it creates, says where it stands, and takes. `special` answers first, or not at all. */
function tusStub(special: (request: Seen, response: ServerResponse) => boolean): Promise<StubServer> {
  return stubServer((request, response) => {
    if (special(request, response)) return
    if (request.path === '/blobs/stat') response.writeHead(404).end()
    else if (request.path.startsWith('/blobs/')) response.writeHead(404).end()
    else if (request.method === 'POST') response.writeHead(201, { location: '/files/1', 'tus-resumable': '1.0.0' }).end()
    else if (request.method === 'HEAD') response.writeHead(200, { 'upload-offset': '0', 'upload-length': String(SIZE) }).end()
    else response.writeHead(204, { 'upload-offset': String(Number(request.headers['upload-offset']) + request.bodyBytes) }).end()
  })
}

function answering(method: string, status: number, headers: Record<string, string> = {}): Promise<StubServer> {
  return tusStub((request, response) => {
    if (request.method !== method || request.path.startsWith('/blobs')) return false
    response.writeHead(status, headers).end()
    return true
  })
}

describe('what a tus server answers', () => {
  // F-41 F-43 F-44 F-45 F-46 F-54
  it.each([
    [400, 'REJECTED'], [401, 'UNAUTHORIZED'], [403, 'FORBIDDEN'], [405, 'REJECTED'], [408, 'NETWORK'], [412, 'REJECTED'], [413, 'TOO_LARGE'],
    [415, 'REJECTED'], [423, 'NETWORK'], [425, 'NETWORK'], [429, 'RATE_LIMITED'], [460, 'HASH_MISMATCH'], [500, 'NETWORK'], [502, 'NETWORK'],
    [503, 'NETWORK'], [507, 'STORAGE_FULL'], [302, 'NETWORK'], [200, 'NETWORK'],
  ] as const)('to a PATCH as %i means %s', async (status, code) => {
    const stub = await answering('PATCH', status)
    await expect(connected(stub.url).upload(await randomTask(SIZE), memory().io)).rejects.toMatchObject({ code })
  })

  it.each([[404, 'REJECTED'], [410, 'REJECTED'], [409, 'NETWORK'], [413, 'TOO_LARGE'], [500, 'NETWORK'], [200, 'NETWORK']] as const)(
    'to the creation as %i means %s', async (status, code) => {
      const stub = await answering('POST', status)
      await expect(connected(stub.url).upload(await randomTask(SIZE), memory().io)).rejects.toMatchObject({ code })
    })

  it.each([['7', 7_000], ['-5', 0], ['1000000000', 3_600_000]])('with Retry-After %s asks for %i ms', async (header, retryAfterMs) => {
    const stub = await answering('PATCH', 423, { 'retry-after': header })
    await expect(connected(stub.url).upload(await randomTask(SIZE), memory().io)).rejects.toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs } })
  })

  // F-39
  it('is followed when it stands elsewhere, and not for ever', async () => {
    const stub = await answering('PATCH', 409)
    await expect(connected(stub.url).upload(await randomTask(SIZE), memory().io)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(stub.seen.filter(({ method }) => method === 'PATCH')).toHaveLength(4)
    expect(stub.seen.filter(({ method, path }) => method === 'HEAD' && path === '/files/1')).toHaveLength(3)
  })

  it('is not believed when it takes bytes and stands still', async () => {
    const stub = await answering('PATCH', 204, { 'upload-offset': '0' })
    await expect(connected(stub.url).upload(await randomTask(SIZE), memory().io)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(stub.seen.filter(({ method }) => method === 'PATCH').length).toBeLessThan(3)
  })

  // F-55
  it('is no success while nobody can read the blob', async () => {
    const stub = await tusStub(() => false)
    await expect(connected(stub.url).upload(await randomTask(SIZE), memory().io)).rejects.toMatchObject({ code: 'NETWORK' })
  })

  it('may leave out the bytes that came with a creation', async () => {
    const stub = await tusStub(() => false)
    await expect(connected(stub.url).upload(await randomTask(1_000), memory().io)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(stub.seen.filter(({ method }) => method === 'PATCH').map(({ bodyBytes }) => bodyBytes)).toEqual([1_000])
  })

  // F-48 F-53
  it('never leads to another origin', async () => {
    const elsewhere = await stubServer((_request, response) => response.writeHead(204).end())
    const stub = await answering('POST', 201, { location: `${elsewhere.url}/files/1` })
    const auth = async (): Promise<{ headers: Record<string, string> }> => ({ headers: { authorization: 'Bearer secret' } })
    await expect(connected(stub.url, {}, { auth }).upload(await randomTask(SIZE), memory().io)).rejects.toMatchObject({ code: 'REJECTED' })
    const redirecting = await answering('PATCH', 307, { location: `${elsewhere.url}/files/1` })
    await expect(connected(redirecting.url, {}, { auth }).upload(await randomTask(SIZE), memory().io)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(elsewhere.seen).toEqual([])
  })

  it.each([404, 405, 410, 501, 204])('with %i to the end of an upload leaves nothing to do', async (status) => {
    const stub = await answering('DELETE', status)
    const checkpoint = { uploadUrl: `${stub.url}/files/1`, sizeBytes: SIZE }
    await connected(stub.url).abandon(checkpoint, { signal: new AbortController().signal })
    expect(stub.seen.map(({ method }) => method)).toEqual(['DELETE'])
  })

  it('with 423 to the end of an upload is asked again later', async () => {
    const stub = await answering('DELETE', 423)
    const ending = connected(stub.url).abandon({ uploadUrl: `${stub.url}/files/1`, sizeBytes: SIZE }, { signal: new AbortController().signal })
    await expect(ending).rejects.toMatchObject({ code: 'NETWORK' })
  })
})

/** A server on which a token is good for two seconds of its own clock, which goes on by one with each request. */
async function forgetfulServer(): Promise<{ readonly server: RunningServer; token(): string }> {
  const directory = await mkdtemp(join(tmpdir(), 'bse-tus-'))
  let nowS = 0
  const authorize = (request: Request): { space: string } | { refuse: 'unauthorized' } => {
    nowS += 1
    const issuedS = Number(request.headers.get('authorization'))
    return nowS - issuedS <= 2 ? { space: 'a' } : { refuse: 'unauthorized' }
  }
  const server = await startServer({ dataDirectory: directory, authorize, timeouts: { stopMs: 100 } })
  onTestFinished(async () => {
    await server.close()
    await rm(directory, { recursive: true, force: true })
  })
  return { server, token: () => String(nowS) }
}

describe('credentials', () => {
  // F-46
  it('that live for two seconds are enough for an upload of many requests', async () => {
    const { server, token } = await forgetfulServer()
    let current = token()
    let renewals = 0
    const auth = async (reason: 'start' | 'expired'): Promise<{ headers: Record<string, string> }> => {
      if (reason === 'expired') {
        renewals += 1
        current = token()
      }
      return { headers: { authorization: current } }
    }
    const provider = connected(server.url, { chunkSize: 30_000 }, { auth })
    const task = await randomTask(SIZE)
    expect(await provider.upload(task, memory().io)).toEqual({ verified: 'sha256' })
    expect(renewals).toBeGreaterThan(3)
    expect(await isStored(provider, task)).toBe(true)
  })
})

describe('options', () => {
  const source = httpBlobs({ url: 'https://photos.example/blobs' })

  it.each(['ftp://photos.example', 'https://me:secret@photos.example/files', 'http://'])('refuses %s as endpoint', (endpoint) => {
    expect(() => tusBlobs({ endpoint, source })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses a chunk of %d bytes', (chunkSize) => {
    expect(() => tusBlobs({ endpoint: 'https://photos.example/files', source, chunkSize })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  it('names the store that is read, however it is written to', () => {
    expect(tusBlobs({ endpoint: 'https://photos.example/files', source }).remoteId).toBe(source.remoteId)
  })
})
