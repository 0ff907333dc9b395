import { describe, expect, it } from 'vitest'
import { hexOf } from '@bse/core/wire'
import { s3Blobs } from '../src/index.ts'
import { goodGet, goodPut, io, presignStub, provider, randomTask, signal, stub, type Stub } from './support/stubs.ts'

type Signed = ReturnType<typeof goodPut>

function okStore(): Promise<Stub> {
  return stub((_, response) => void response.writeHead(200, { etag: '"e"' }).end())
}

const upload = { id: '0123456789abcdef' }

/** Each is an answer of an endpoint that was taken over, mixed up, or is somebody else's. */
const wrongPuts: readonly (readonly [what: string, change: (signed: Signed, storeUrl: string, other: Stub) => unknown])[] = [
  ['another host', (signed, storeUrl, other) => ({ ...signed, url: signed.url.replace(new URL(storeUrl).origin, other.url) })],
  ['another bucket', (signed) => ({ ...signed, url: signed.url.replace('/media/', '/private/') })],
  ['a bucket whose name begins like ours', (signed) => ({ ...signed, url: signed.url.replace('/media/', '/media-2/') })],
  ['a host whose name begins like ours', (signed, storeUrl) => ({ ...signed, url: signed.url.replace(new URL(storeUrl).host, `${new URL(storeUrl).host}.evil.example`) })],
  ['ours as a user name', (signed, storeUrl, other) => ({ ...signed, url: signed.url.replace('http://', `http://${new URL(storeUrl).host}@`).replace(`@${new URL(storeUrl).host}`, `@${new URL(other.url).host}`) })],
  ['no encryption beyond this machine', (signed) => ({ ...signed, url: signed.url.replace('127.0.0.1', 'photos.example') })],
  ['another scheme', (signed) => ({ ...signed, url: signed.url.replace('http:', 'ftp:') })],
  ['dots that lead out of the bucket', (signed) => ({ ...signed, url: signed.url.replace('/media/', '/media/../private/') })],
  ['encoded dots that lead out of the bucket', (signed) => ({ ...signed, url: signed.url.replace('/media/', '/media/%2e%2e/private/') })],
  ['an encoded slash', (signed) => ({ ...signed, url: signed.url.replace('/family/', '/family%2F..%2F') })],
  ['the key of another blob', (signed) => ({ ...signed, url: signed.url.replace(/[0-9a-f]{64}/, 'b'.repeat(64)) })],
  ['a part in place of the whole', (signed) => ({ ...signed, url: `${signed.url}&uploadId=u&partNumber=1` })],
  ['another method', (signed) => ({ ...signed, method: 'GET' })],
  ['a header that is not of the contract', (signed) => ({ ...signed, headers: { ...signed.headers, 'x-amz-acl': 'public-read' } })],
  ['credentials as a header', (signed) => ({ ...signed, headers: { ...signed.headers, authorization: 'Bearer x' } })],
  ['a header that is not signed', (signed) => ({ ...signed, url: signed.url.replace('%3Bif-none-match', '') })],
  ['a signed header that is missing', (signed) => ({ ...signed, headers: {} })],
  ['the checksum of other bytes', (signed) => ({ ...signed, headers: { ...signed.headers, 'x-amz-checksum-sha256': 'A'.repeat(43) + '=' } })],
  ['a header that is no text', (signed) => ({ ...signed, headers: { ...signed.headers, 'if-none-match': 1 } })],
  ['no life', (signed) => ({ ...signed, expiresInMs: 0 })],
  ['no URL', (signed) => ({ ...signed, url: '://' })],
  ['nothing', () => undefined],
]

describe('what a presign endpoint may make a client do', () => {
  it('sends what was signed, with exactly its headers and without credentials', async () => {
    // F-53 R-037
    const [store, task] = [await okStore(), await randomTask(1_000)]
    const storeUrl = `${store.url}/media`
    const presign = await presignStub(({ do: what }) => (what === 'put' ? { upload, request: goodPut(storeUrl, task) } : { hash: task.hash, sizeBytes: 1_000, verified: 'sha256' }))
    const opened = provider(presign, storeUrl, {}, { auth: async () => ({ headers: { authorization: 'Bearer secret' } }) })
    expect(await opened.upload(task, io)).toEqual({ verified: 'sha256' })
    const [sent] = store.seen
    expect(sent?.headers).toMatchObject({ 'content-length': '1000', ...goodPut(storeUrl, task).headers })
    expect([sent?.headers.authorization, sent?.headers['content-type'], sent?.headers.cookie]).toEqual([undefined, undefined, undefined])
    expect(presign.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret', 'Bearer secret'])
  })

  // F-48
  it.each(wrongPuts)('refuses to send to %s', async (_, change) => {
    const [store, other, task] = [await okStore(), await okStore(), await randomTask(1_000)]
    const storeUrl = `${store.url}/media`
    const presign = await presignStub(() => ({ upload, request: change(goodPut(storeUrl, task), storeUrl, other) }))
    await expect(provider(presign, storeUrl).upload(task, io)).rejects.toMatchObject({ code: 'REJECTED', details: { reason: 'presign-refused' } })
    expect([store.seen, other.seen]).toEqual([[], []])
  })

  // F-48
  it.each<readonly [string, (url: string) => string]>([
    ['another part', (url) => url.replace('partNumber=1', 'partNumber=2')],
    ['a part of another upload', (url) => url.replace('uploadId=u1', 'uploadId=u2')],
    ['two parts at once', (url) => `${url}&partNumber=2`],
    ['the whole in place of a part', (url) => url.replace('&uploadId=u1&partNumber=1', '')],
  ])('refuses to send %s', async (_, change) => {
    const [store, task] = [await okStore(), await randomTask(1_000)]
    const storeUrl = `${store.url}/media`
    const url = change(`${storeUrl}/incoming/family/${upload.id}/${hexOf(task.hash)}?X-Amz-SignedHeaders=content-length%3Bhost&uploadId=u1&partNumber=1`)
    const presign = await presignStub(({ do: what }) => (what === 'create' ? { upload: { ...upload, uploadId: 'u1' } } : { request: { method: 'PUT', url, headers: {}, expiresInMs: 60_000 } }))
    await expect(provider(presign, storeUrl, { multipartFromBytes: 1 }).upload(task, io)).rejects.toMatchObject({ code: 'REJECTED', details: { reason: 'presign-refused' } })
    expect(store.seen).toEqual([])
  })

  // F-48 F-81
  it.each(['upload', 'open', 'url'] as const)('reads and writes nowhere but in the bucket that it was given: %s', async (operation) => {
    const [store, other, task] = [await okStore(), await okStore(), await randomTask(1_000)]
    const elsewhere = `${other.url}/media`
    const presign = await presignStub(({ do: what }) => ({ upload, request: what === 'put' ? goodPut(elsewhere, task) : goodGet(elsewhere, task.hash) }))
    const opened = provider(presign, `${store.url}/media`)
    const ref = { hash: task.hash, sizeBytes: undefined, type: '' }
    const run = { upload: () => opened.upload(task, io), open: () => opened.open(ref, { signal }), url: async () => opened.url?.(ref, { expiresInMs: 1_000, signal }) }
    await expect(run[operation]()).rejects.toMatchObject({ code: 'REJECTED', details: { reason: 'presign-refused' } })
    expect(other.seen).toEqual([])
  })

  // F-53
  it.each([301, 302, 307, 308])('does not follow a store that answers %i', async (status) => {
    const [other, task] = [await okStore(), await randomTask(1_000)]
    const store = await stub((_, response) => void response.writeHead(status, { location: other.url }).end())
    const storeUrl = `${store.url}/media`
    const presign = await presignStub(() => ({ upload, request: goodPut(storeUrl, task) }))
    await expect(provider(presign, storeUrl).upload(task, io)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(other.seen).toEqual([])
  })

  // F-55
  it.each([['a page', '<html>Log in</html>', 'text/html'], ['JSON of somebody else', '[1]', 'application/json'], ['an empty object', '{}', 'application/json']])(
    'takes %s from the endpoint for a network that lies', async (_, text, type) => {
      const presign = await stub((_request, response) => void response.writeHead(200, { 'content-type': type }).end(text))
      const task = await randomTask(1_000)
      for (const multipartFromBytes of [1, 1_000_000]) {
        const opened = provider(presign, 'https://s3.example/media', { multipartFromBytes })
        await expect(opened.upload(task, io)).rejects.toMatchObject({ code: 'NETWORK' })
        await expect(opened.stat([task.hash], { signal })).rejects.toMatchObject({ code: 'NETWORK' })
      }
    },
  )

  it('puts no signed URL and no name of the endpoint into an error', async () => {
    const store = await stub((_, response) => void response.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code></Error>'))
    const [storeUrl, task] = [`${store.url}/media`, await randomTask(10)]
    const presign = await presignStub(() => ({ upload, request: goodPut(storeUrl, task) }))
    const error: unknown = await provider(presign, storeUrl).upload(task, io).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'FORBIDDEN' })
    expect(JSON.stringify([String(error), (error as Error & { details: unknown }).details])).not.toMatch(/http|X-Amz|127\.0\.0\.1/)
  })
})

describe('configuration', () => {
  it.each([
    [{ presignEndpoint: 'ftp://x/sign', storeUrl: 'https://s3.example/media' }, 'presignEndpoint'],
    [{ presignEndpoint: '/sign', storeUrl: 'javascript:alert(1)' }, 'storeUrl'],
    [{ presignEndpoint: '/sign', storeUrl: 'https://key:secret@s3.example/media' }, 'storeUrl'],
    [{ presignEndpoint: '/sign', storeUrl: 'https://s3.example/media', partBytes: 0 }, 'partBytes'],
    [{ presignEndpoint: '/sign', storeUrl: 'https://s3.example/media', parallelParts: 1.5 }, 'parallelParts'],
  ])('refuses %j', (options, option) => {
    expect(() => s3Blobs(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { option } }))
  })
})
