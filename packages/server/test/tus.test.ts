import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BseError } from '@bse/core/wire'
import type { BlobStorage, Grant } from '../src/index.ts'
import { createTusHandler, directoryStorage, directoryUploads, type TusHandler, type TusHandlerOptions } from '../src/node.ts'
import { LocalLocker } from '../src/upload-locker.ts'
import { codeOf, randomBlob, temporaryDirectory, testServer, type TestServer } from './support/test-server.ts'
import { create, created, head, metadataOf, patch, remove, TUS } from './support/tus-client.ts'

async function unfinished({ directory }: { readonly directory: string }): Promise<readonly string[]> {
  return readdir(join(directory, 'uploads'))
}

const stored = async (server: TestServer, hash: string): Promise<number> => (await fetch(`${server.url}/blobs/${hash}`, { method: 'HEAD' })).status

describe('a tus upload', () => {
  // R-200 R-165
  it('becomes the blob that it announced, and says so when it is', async () => {
    const server = await testServer()
    const { bytes, hash } = await randomBlob(100_000)
    const upload = await created(server.url, hash, 100_000)
    const first = await patch(upload, 0, bytes.slice(0, 60_000))
    expect([first.status, first.headers.get('upload-offset'), first.headers.get('bse-stored')]).toEqual([204, '60000', null])
    expect(await stored(server, hash)).toBe(404)
    const last = await patch(upload, 60_000, bytes.slice(60_000))
    expect([last.status, last.headers.get('upload-offset'), last.headers.get('bse-stored')]).toEqual([204, '100000', hash])
    expect(new Uint8Array(await (await fetch(`${server.url}/blobs/${hash}`)).arrayBuffer())).toEqual(bytes)
    expect((await head(upload)).status).toBe(404)
    expect(await unfinished(server)).toEqual([])
  })

  it('that comes with its creation is stored at once', async () => {
    const server = await testServer()
    const { bytes, hash } = await randomBlob(1_000)
    const headers = { 'upload-length': '1000', 'upload-metadata': metadataOf(hash), 'content-type': 'application/offset+octet-stream' }
    const answer = await create(server.url, headers, bytes)
    expect([answer.status, answer.headers.get('upload-offset'), answer.headers.get('bse-stored')]).toEqual([201, '1000', hash])
    expect(await unfinished(server)).toEqual([])
  })

  // F-42 F-63
  it('of other bytes than announced is refused with 460 and leaves nothing', async () => {
    const server = await testServer()
    const [{ hash }, { bytes }] = [await randomBlob(1_000), await randomBlob(1_000)]
    const upload = await created(server.url, hash, 1_000)
    const answer = await patch(upload, 0, bytes)
    expect([answer.status, await codeOf(answer)]).toEqual([460, 'HASH_MISMATCH'])
    expect([await stored(server, hash), (await head(upload)).status, await unfinished(server)]).toEqual([404, 404, []])
  })

  // F-39
  it('goes on only where it stands', async () => {
    const server = await testServer()
    const { bytes, hash } = await randomBlob(1_000)
    const upload = await created(server.url, hash, 1_000)
    await patch(upload, 0, bytes.slice(0, 400))
    expect((await patch(upload, 0, bytes)).status).toBe(409)
    expect((await patch(upload, 500, bytes.slice(500))).status).toBe(409)
    const stands = await head(upload)
    expect([stands.status, stands.headers.get('upload-offset'), stands.headers.get('upload-length')]).toEqual([200, '400', '1000'])
    expect(stands.headers.get('upload-metadata')).toBe(metadataOf(hash))
  })

  it('ends when its client ends it, and takes nothing that is stored along', async () => {
    const server = await testServer()
    const { bytes, hash } = await randomBlob(1_000)
    const [upload, other] = [await created(server.url, hash, 1_000), await created(server.url, hash, 1_000)]
    await patch(other, 0, bytes)
    expect([(await remove(upload)).status, (await remove(upload)).status, await stored(server, hash)]).toEqual([204, 404, 200])
    expect(await unfinished(server)).toEqual([])
  })
})

describe('a request that is refused', () => {
  // F-45 F-66 F-75
  it.each([
    ['without a hash', { 'upload-length': '10' }, 400],
    ['with a hash that is none', { 'upload-length': '10', 'upload-metadata': metadataOf('sha256:../../etc') }, 400],
    ['with metadata that is none', { 'upload-length': '10', 'upload-metadata': 'hash %%' }, 400],
    ['without a length', { 'upload-metadata': metadataOf(`sha256:${'a'.repeat(64)}`) }, 400],
    ['with a length for later', { 'upload-defer-length': '1', 'upload-metadata': metadataOf(`sha256:${'a'.repeat(64)}`) }, 400],
    ['over the limit', { 'upload-length': '2000', 'upload-metadata': metadataOf(`sha256:${'a'.repeat(64)}`) }, 413],
    ['in parts', { 'upload-concat': 'partial', 'upload-length': '10', 'upload-metadata': metadataOf(`sha256:${'a'.repeat(64)}`) }, 501],
    ['of another version of tus', { 'tus-resumable': '0.2.2', 'upload-length': '10', 'upload-metadata': metadataOf(`sha256:${'a'.repeat(64)}`) }, 400],
    ['with an encoding', { 'content-encoding': 'gzip', 'upload-length': '10', 'upload-metadata': metadataOf(`sha256:${'a'.repeat(64)}`) }, 415],
  ])('%s creates nothing', async (_what, headers, status) => {
    const server = await testServer({ maxBytes: 1_000 })
    expect((await create(server.url, headers)).status).toBe(status)
    expect(await unfinished(server)).toEqual([])
  })

  it('for what is no route of tus reads nothing', async () => {
    const server = await testServer()
    const { hash } = await randomBlob(10)
    const upload = await created(server.url, hash, 10)
    const status = async (path: string, method: string): Promise<number> => (await fetch(new URL(path, server.url), { method, headers: TUS })).status
    expect([await status(upload, 'GET'), await status(upload, 'PUT'), await status('/files', 'GET'), await status('/files', 'PATCH')]).toEqual([405, 405, 405, 405])
    expect([await status(`${upload}.json`, 'HEAD'), await status('/files/..%2fblobs', 'HEAD'), await status('/files/a/b', 'HEAD')]).toEqual([404, 404, 404])
  })

  it('of more bytes than announced keeps those that were', async () => {
    const server = await testServer()
    const { bytes, hash } = await randomBlob(1_000)
    const upload = await created(server.url, hash, 500)
    expect((await patch(upload, 0, bytes)).status).toBe(413)
    expect((await head(upload)).headers.get('upload-offset')).toBe('0')
  })

  // F-76 F-77
  it('comes from a page of another origin', async () => {
    const server = await testServer({ origins: ['https://app.example'] })
    const { bytes, hash } = await randomBlob(10)
    const headers = { 'upload-length': '10', 'upload-metadata': metadataOf(hash), 'content-type': 'application/offset+octet-stream' }
    expect((await create(server.url, { ...headers, origin: 'https://evil.example' }, bytes)).status).toBe(403)
    const good = await create(server.url, { ...headers, origin: 'https://app.example' }, bytes)
    expect([good.status, good.headers.get('access-control-allow-origin')]).toEqual([201, 'https://app.example'])
    expect(good.headers.get('access-control-expose-headers')).toContain('Bse-Stored')
    const ask = (origin: string): Promise<Response> => fetch(`${server.url}/files`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PATCH' } })
    expect([(await ask('https://evil.example')).status, (await ask('https://app.example')).status]).toEqual([403, 204])
    expect((await ask('https://app.example')).headers.get('access-control-allow-methods')).toContain('PATCH')
  })

  // F-70
  it('for an upload of another space is answered as if there were none', async () => {
    const authorize = (request: Request): Grant => {
      const user = request.headers.get('authorization')
      return user === null ? { refuse: 'unauthorized' } : user === 'nobody' ? { refuse: 'forbidden' } : { space: user }
    }
    const server = await testServer({ authorize })
    const { bytes, hash } = await randomBlob(10)
    await expect(created(server.url, hash, 10)).rejects.toThrow('401')
    await expect(created(server.url, hash, 10, { authorization: 'nobody' })).rejects.toThrow('403')
    const upload = await created(server.url, hash, 10, { authorization: 'anna' })
    const eva = { authorization: 'eva' }
    expect([(await head(upload, eva)).status, (await patch(upload, 0, bytes, eva)).status, (await remove(upload, eva)).status]).toEqual([404, 404, 404])
    expect((await head(upload)).status).toBe(401)
    expect((await patch(upload, 0, bytes, { authorization: 'anna' })).status).toBe(204)
    expect((await fetch(`${server.url}/blobs/${hash}`, { method: 'HEAD', headers: eva })).status).toBe(404)
  })
})

interface Direct {
  readonly handler: TusHandler
  readonly directory: string
  call(method: string, path: string, headers?: Record<string, string>, body?: Uint8Array<ArrayBuffer>): Promise<Response>
}

/** A handler without a server around it. */
async function direct(options: Partial<TusHandlerOptions> & { readonly expiresInMs?: number } = {}): Promise<Direct> {
  const directory = await temporaryDirectory()
  const handler = createTusHandler({
    store: directoryStorage(join(directory, 'blobs')), uploads: directoryUploads(join(directory, 'uploads'), options.expiresInMs), authorize: () => ({ space: 'a' }), ...options,
  })
  const call: Direct['call'] = (method, path, headers = {}, body) =>
    handler.handle(new Request(`http://server.example${path}`, { method, headers: { ...TUS, ...headers }, body: body ?? null }))
  return { handler, directory, call }
}

const BYTES = { 'content-type': 'application/offset+octet-stream' }

describe('a handler on its own', () => {
  it('finishes at the next question what a full disk kept it from', async () => {
    const directory = await temporaryDirectory()
    const good = directoryStorage(join(directory, 'blobs'))
    let isFull = true
    const put: BlobStorage['put'] = (key, body) => {
      if (isFull) return Promise.reject(new BseError('STORAGE_FULL', 'full', { neededBytes: undefined, availableBytes: undefined }))
      return good.put(key, body)
    }
    const { call } = await direct({ store: { put, head: (key) => good.head(key), read: good.read.bind(good), list: good.list.bind(good), close: () => good.close() } })
    const { bytes, hash } = await randomBlob(1_000)
    const answer = await call('POST', '/files', { 'upload-length': '1000', 'upload-metadata': metadataOf(hash) })
    const path = answer.headers.get('location') ?? ''
    expect((await call('PATCH', path, { ...BYTES, 'upload-offset': '0' }, bytes)).status).toBe(507)
    expect((await call('HEAD', path)).status).toBe(507)
    isFull = false
    const asked = await call('HEAD', path)
    expect([asked.status, asked.headers.get('upload-offset'), asked.headers.get('bse-stored')]).toEqual([200, '1000', hash])
    expect(await good.head({ space: 'a', hash })).toMatchObject({ is: 'stored' })
    expect((await call('HEAD', path)).status).toBe(404)
  })

  // F-40
  it('forgets what has expired', async () => {
    const { call, directory, handler } = await direct({ expiresInMs: 1 })
    const { hash } = await randomBlob(10)
    const answer = await call('POST', '/files', { 'upload-length': '10', 'upload-metadata': metadataOf(hash) })
    await expect.poll(async () => (await call('HEAD', answer.headers.get('location') ?? '')).status).toBe(410)
    expect(await handler.removeExpired()).toBe(1)
    expect(await unfinished({ directory })).toEqual([])
  })

  // F-41
  it('answers 423 while another request will not let go', async () => {
    const locker = new LocalLocker(1)
    const { call } = await direct({ locker })
    const { hash } = await randomBlob(10)
    const path = (await call('POST', '/files', { 'upload-length': '10', 'upload-metadata': metadataOf(hash) })).headers.get('location') ?? ''
    const lock = locker.newLock(path.slice('/files/'.length))
    await lock.lock(new AbortController().signal, () => undefined)
    const refused = await call('HEAD', path)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([423, '1'])
    await lock.unlock()
    expect((await call('HEAD', path)).status).toBe(200)
  })

  it('stores one blob when two finish it at once', async () => {
    const { call } = await direct()
    const { bytes, hash } = await randomBlob(1_000)
    const path = (await call('POST', '/files', { 'upload-length': '1000', 'upload-metadata': metadataOf(hash) })).headers.get('location') ?? ''
    const both = await Promise.all([call('PATCH', path, { ...BYTES, 'upload-offset': '0' }, bytes), call('HEAD', path), call('HEAD', path)])
    expect(both[0]?.status).toBe(204)
    expect((await call('HEAD', path)).status).toBe(404)
  })

  it('tells nothing of this machine when its directory breaks', async () => {
    const { call, directory } = await direct()
    await rm(join(directory, 'uploads'), { recursive: true })
    await writeFile(join(directory, 'uploads'), 'not a directory')
    const { hash } = await randomBlob(10)
    const answer = await call('POST', '/files', { 'upload-length': '10', 'upload-metadata': metadataOf(hash) })
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('/')
  })
})
