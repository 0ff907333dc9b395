import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BseError, fileNameOf, type BseErrorCode } from '@bse/core/wire'
import { createBlobHandler, type BlobStorage } from '../src/index.ts'
import { directoryStorage } from '../src/node.ts'
import { codeOf, filesOf, put, randomBlob, storedBlob, temporaryDirectory, testServer } from './support/test-server.ts'

/** A storage that fails as told: a full disk does not come on demand. */
function failingStorage(error: unknown): BlobStorage {
  const fail = async (): Promise<never> => {
    throw error
  }
  return { put: fail, head: async () => ({ is: 'absent' }), read: fail, list: fail, close: async () => undefined }
}

describe('the directory behind the server', () => {
  it('keeps what it acknowledged over a restart', async () => {
    const directory = await temporaryDirectory()
    const first = await testServer({ dataDirectory: directory })
    const { bytes, hash } = await storedBlob(first, 300_000)
    await first.close()
    const second = await testServer({ dataDirectory: directory })
    expect(await (await fetch(`${second.url}/blobs/${hash}`)).bytes()).toEqual(bytes)
  })

  it('removes what a killed server left half written, and only that', async () => {
    const directory = await temporaryDirectory()
    const { bytes, hash } = await randomBlob(100)
    await mkdir(join(directory, 'blobs/default/staging'), { recursive: true })
    await writeFile(join(directory, 'blobs/default/staging/0a1b2c3d-0000-4000-8000-0123456789ab'), 'half')
    const server = await testServer({ dataDirectory: directory })
    expect((await put(server, hash, bytes)).status).toBe(201)
    expect(await filesOf(directory)).toEqual([fileNameOf(hash)])
  })

  it('never follows a planted link', async () => {
    // F-79
    const server = await testServer()
    const { hash } = await storedBlob(server, 10)
    const planted = await randomBlob(7)
    await symlink('/etc/passwd', join(server.directory, 'blobs/default/blobs', fileNameOf(planted.hash)))
    const response = await fetch(`${server.url}/blobs/${planted.hash}`)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(await response.text()).not.toContain('root:')
    expect(await (await fetch(`${server.url}/blobs`)).json()).toEqual({ blobs: [{ hash, sizeBytes: 10 }] })
  })

  it('writes the very bytes that came', async () => {
    const server = await testServer()
    const { bytes, hash } = await storedBlob(server, 700_000)
    expect(new Uint8Array(await readFile(join(server.directory, 'blobs/default/blobs', fileNameOf(hash))))).toEqual(bytes)
  })

  it('rejects uploads under way and to come once it is closed', async () => {
    const directory = await temporaryDirectory()
    const store = directoryStorage(directory)
    const [{ hash }, reading] = [await randomBlob(5), Promise.withResolvers<void>()]
    const standsStill = new ReadableStream<Uint8Array>({
      pull: () => {
        reading.resolve()
        return new Promise(() => undefined)
      },
    })
    const uploading = expect(store.put({ space: 'a', hash }, standsStill)).rejects.toMatchObject({ code: 'CLOSED' })
    await reading.promise
    await store.close()
    await store.close()
    await uploading
    await expect(store.put({ space: 'a', hash }, new Blob([]).stream())).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(store.head({ space: 'a', hash })).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('hands on the error of a body that breaks', async () => {
    const directory = await temporaryDirectory()
    const store = directoryStorage(directory)
    const broken = new Error('cut')
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(broken) })
    await expect(store.put({ space: 'a', hash: (await randomBlob(5)).hash }, body)).rejects.toBe(broken)
    expect(await filesOf(directory)).toEqual([])
    await store.close()
  })
})

describe('a storage that fails', () => {
  it.each<readonly [BseErrorCode | 'other', number, unknown]>([
    ['STORAGE_FULL', 507, new BseError('STORAGE_FULL', 'secret-path', { neededBytes: 1, availableBytes: 0 })],
    ['STORAGE_FAILED', 500, new BseError('STORAGE_FAILED', 'secret-path', { store: 'fs' })],
    ['CLOSED', 503, new BseError('CLOSED', 'closing', { what: 'store' })],
    ['PROVIDER_FAILED', 500, new TypeError('secret-path')],
  ])('answers %s with %i and keeps the reason in the log', async (code, status, error) => {
    // F-66 F-80 E-121 E-125
    const logged: unknown[] = []
    const silent = (): void => undefined
    const logger = { debug: silent, info: silent, warn: silent, error: (...line: unknown[]) => void logged.push(line) }
    const handler = createBlobHandler({ store: failingStorage(error), logger })
    const { bytes, hash } = await randomBlob(5)
    const response = await handler(new Request(`http://localhost/blobs/${hash}`, { method: 'PUT', body: bytes }), { remoteAddress: '::1' })
    expect(response.status).toBe(status)
    const body = await response.text()
    expect(JSON.parse(body)).toMatchObject({ error: { code } })
    expect(body).not.toContain('secret-path')
    expect(logged).toHaveLength(1)
    expect(await codeOf(await handler(new Request('http://localhost/blobs'), { remoteAddress: '::1' }))).toBe(code)
  })

  it('answers GONE for what was collected', async () => {
    //
    const store: BlobStorage = { ...failingStorage(new Error('not asked')), head: async () => ({ is: 'gone' }) }
    const handler = createBlobHandler({ store })
    const { hash } = await randomBlob(5)
    const response = await handler(new Request(`http://localhost/blobs/${hash}`), { remoteAddress: '::1' })
    expect([response.status, await codeOf(response)]).toEqual([410, 'GONE'])
  })
})
