import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BlobHash } from '@bse/core/wire'
import { startS3Backend, type S3Backend } from '../../../../scripts/services/s3-backend.ts'
import { createPresignHandler, s3Bucket, type Authorize } from '../../src/index.ts'
import { randomBlob } from '../support/test-server.ts'

type Answer = { readonly [field: string]: unknown }
interface Signed {
  readonly url: string
  readonly headers: Record<string, string>
}

/** Everybody has a family; guests may look at theirs and not write. */
const authorize: Authorize = (request, action) => {
  const [role = '', space = ''] = (request.headers.get('authorization') ?? '').split(' ')
  asked.push({ ...action, role })
  if (role === '') return { refuse: 'unauthorized' }
  const mayDo = role === 'owner' || (role === 'guest' && action.kind === 'read') || (role === 'sender' && action.kind === 'write')
  return mayDo ? { space } : { refuse: 'forbidden' }
}
const asked: Answer[] = []

let backend: S3Backend
beforeAll(async () => {
  backend = await startS3Backend({ authorize, maxBytes: 1_000_000 })
}, 120_000)
afterAll(() => backend.close())

async function ask(who: string, body: unknown): Promise<{ readonly status: number; readonly answer: Answer; readonly code: unknown }> {
  const headers = { 'content-type': 'application/json', ...(who === '' ? {} : { authorization: who }) }
  const response = await fetch(backend.presignEndpoint, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
  const answer = (await response.json()) as Answer
  return { status: response.status, answer, code: (answer.error as Answer | undefined)?.code }
}

function send({ headers, url }: Signed, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(url, { method: 'PUT', headers, body: new Blob([bytes]) })
}

async function begun(who: string, hash: BlobHash, sizeBytes: number): Promise<{ readonly request: Signed; readonly upload: Answer }> {
  const { answer } = await ask(who, { do: 'put', hash, sizeBytes, type: 'image/png' })
  return answer as unknown as { readonly request: Signed; readonly upload: Answer }
}

async function stored(who: string): Promise<{ readonly hash: BlobHash; readonly bytes: Uint8Array<ArrayBuffer> }> {
  const blob = await randomBlob(1_000)
  const { request, upload } = await begun(who, blob.hash, 1_000)
  await send(request, blob.bytes)
  expect((await ask(who, { do: 'complete', hash: blob.hash, sizeBytes: 1_000, type: '', upload })).status).toBe(200)
  return blob
}

describe('who may do what', () => {
  it('tells authorize who asks, for which blob, of which size and type', async () => {
    const { hash } = await randomBlob(10)
    asked.length = 0
    await ask('owner a', { do: 'put', hash, sizeBytes: 10, type: 'image/png' })
    expect(asked).toEqual([{ role: 'owner', kind: 'write', hash, sizeBytes: 10, type: 'image/png' }, { role: 'owner', kind: 'read', hash }])
  })

  it('refuses strangers, and guests who write', async () => {
    // F-70
    const { hash } = await randomBlob(10)
    const [blob, upload] = [{ hash, sizeBytes: 10, type: '' }, { id: '0123456789abcdef', uploadId: 'u' }]
    for (const request of [{ do: 'put', ...blob }, { do: 'create', ...blob }, { do: 'part', ...blob, upload, partNumber: 1, partBytes: 10 }, { do: 'list', ...blob, upload }, { do: 'complete', ...blob, upload }, { do: 'abort', ...blob, upload }]) {
      expect([(await ask('', request)).code, (await ask('guest a', request)).code]).toEqual(['UNAUTHORIZED', 'FORBIDDEN'])
    }
    expect([(await ask('', { do: 'get', hash, type: '', expiresInMs: 1_000 })).code, (await ask('', { do: 'stat', hashes: [hash] })).code]).toEqual(['UNAUTHORIZED', 'UNAUTHORIZED'])
  })

  it('shows nobody what another family has, neither in a stat nor by reading nor by an upload that would be needless', async () => {
    // F-70 F-71
    const { bytes, hash } = await stored('owner a')
    expect((await ask('owner a', { do: 'stat', hashes: [hash] })).answer).toEqual({ results: [{ hash, is: 'stored', sizeBytes: 1_000 }] })
    expect((await ask('owner b', { do: 'stat', hashes: [hash] })).answer).toEqual({ results: [{ hash, is: 'absent' }] })
    const { request } = (await ask('owner b', { do: 'get', hash, type: '', expiresInMs: 1_000 })).answer as unknown as { readonly request: Signed }
    expect((await fetch(request.url)).status).toBe(404)
    expect(Object.keys((await ask('owner b', { do: 'put', hash, sizeBytes: 1_000, type: '' })).answer)).toEqual(['upload', 'request'])
    expect((await ask('owner a', { do: 'put', hash, sizeBytes: 1_000, type: '' })).answer).toEqual({ stored: true })
    // Who may write but not look has to bring all of the bytes, whether or not they are there.
    const again = await begun('sender a', hash, 1_000)
    expect((await send(again.request, bytes)).status).toBe(200)
    expect((await ask('sender a', { do: 'complete', hash, sizeBytes: 1_000, type: '', upload: again.upload })).answer).toEqual({ hash, sizeBytes: 1_000, verified: 'sha256' })
  })

  it('answers a refused read as if it were not there', async () => {
    // F-70
    const { hash } = await stored('owner a')
    const [{ hash: never }] = [await randomBlob(5)]
    const refused = await ask('sender a', { do: 'get', hash, type: '', expiresInMs: 1_000 })
    const absent = await ask('sender a', { do: 'get', hash: never, type: '', expiresInMs: 1_000 })
    expect([refused.status, refused.code, absent.status, absent.code]).toEqual([404, 'NOT_FOUND', 404, 'NOT_FOUND'])
  })

  it("completes nothing under a name of another family's upload", async () => {
    // F-70
    const { bytes, hash } = await randomBlob(1_000)
    const { request, upload } = await begun('owner a', hash, 1_000)
    await send(request, bytes)
    expect((await ask('owner b', { do: 'complete', hash, sizeBytes: 1_000, type: '', upload })).answer.error).toMatchObject({ code: 'REJECTED', details: { reason: 'upload-gone' } })
    expect((await ask('owner b', { do: 'stat', hashes: [hash] })).answer).toEqual({ results: [{ hash, is: 'absent' }] })
  })

  it('serves only this machine without authorize, and no page of another site', async () => {
    // F-76 F-77
    const bucket = s3Bucket({ storeUrl: 'https://s3.example/media', region: 'r', credentials: { accessKeyId: 'a', secretAccessKey: 's' } })
    const handle = createPresignHandler({ bucket })
    const { hash } = await randomBlob(1)
    const request = (headers: Record<string, string> = {}): Request =>
      new Request('http://127.0.0.1/sign', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ do: 'get', hash, type: '', expiresInMs: 1 }) })
    const local = { remoteAddress: '127.0.0.1' }
    const statuses = [await handle(request(), local), await handle(request(), { remoteAddress: '10.0.0.1' }), await handle(request()), await handle(request({ origin: 'https://evil.example' }), local)]
    expect(statuses.map(({ status }) => status)).toEqual([200, 404, 404, 403])
  })
})

describe('what is signed', () => {
  it('lets nobody send other bytes, more bytes or twice', async () => {
    // F-63 F-65 F-72
    const { bytes, hash } = await randomBlob(1_000)
    const { request, upload } = await begun('owner a', hash, 1_000)
    expect((await send(request, new Uint8Array(1_001))).status).toBe(403)
    expect((await send({ ...request, headers: {} }, bytes)).status).toBe(403)
    expect((await send(request, new Uint8Array(1_000))).status).toBe(200)
    expect((await send(request, bytes)).status).toBe(412)
    expect((await ask('owner a', { do: 'complete', hash, sizeBytes: 1_000, type: '', upload })).code).toBe('HASH_MISMATCH')
    expect((await ask('owner a', { do: 'stat', hashes: [hash] })).answer).toEqual({ results: [{ hash, is: 'absent' }] })
  })

  it('is worth nothing once any part of it is changed', async () => {
    // F-72
    const { hash } = await stored('owner a')
    const { request } = (await ask('owner a', { do: 'get', hash, type: '', expiresInMs: 60_000 })).answer as unknown as { readonly request: Signed }
    expect((await fetch(request.url)).status).toBe(200)
    const url = new URL(request.url)
    const changed = [...url.searchParams.keys()].flatMap((name) => {
      const value = url.searchParams.get(name) ?? ''
      return Array.from({ length: Math.min(value.length, 16) }, (_, at) => {
        const other = new URL(url)
        const index = Math.floor((at * value.length) / Math.min(value.length, 16))
        other.searchParams.set(name, `${value.slice(0, index)}${value[index] === '1' ? '2' : '1'}${value.slice(index + 1)}`)
        return other.href
      })
    })
    const key = url.href.replace('/a/', '/b/')
    const statuses = await Promise.all([...changed, key].map(async (href) => (await fetch(href)).status))
    expect(statuses.length).toBeGreaterThan(80)
    expect(statuses.filter((status) => status < 400)).toEqual([])
    expect((await fetch(request.url, { method: 'PUT', body: 'x' })).status).toBe(403)
  })

  it('expires', async () => {
    // F-47 F-72
    const { hash } = await stored('owner a')
    const { request } = (await ask('owner a', { do: 'get', hash, type: '', expiresInMs: 1 })).answer as unknown as { readonly request: Signed & { readonly expiresInMs: number } }
    expect(request.expiresInMs).toBe(1_000)
    await expect.poll(async () => (await fetch(request.url)).status, { timeout: 10_000 }).toBe(403)
  })

  it.each([['image/png', 'image/png', null], ['text/html', 'application/octet-stream', 'attachment'], ['image/svg+xml', 'application/octet-stream', 'attachment'], ['', 'application/octet-stream', 'attachment']])(
    'sends what is called %j as %s', async (type, contentType, disposition) => {
      // F-68 F-69
      const { hash } = await stored('owner a')
      const { request } = (await ask('owner a', { do: 'get', hash, type, expiresInMs: 60_000 })).answer as unknown as { readonly request: Signed }
      const { headers } = await fetch(request.url)
      expect([headers.get('content-type'), headers.get('content-disposition'), headers.get('cache-control')]).toEqual([contentType, disposition, 'private, max-age=31536000, immutable'])
    },
  )

  it('gives every part of an upload the length of its place and no other', async () => {
    // F-66
    const { bytes, hash } = await randomBlob(250_000)
    const { answer } = await ask('owner a', { do: 'create', hash, sizeBytes: 250_000, type: '' })
    const asks = { do: 'part', hash, sizeBytes: 250_000, type: '', upload: answer.upload, partBytes: 100_000 }
    const part = async (partNumber: number): Promise<Signed> => ((await ask('owner a', { ...asks, partNumber })).answer as unknown as { readonly request: Signed }).request
    expect((await send(await part(1), bytes.slice(0, 100_001))).status).toBe(403)
    expect((await send(await part(3), bytes.slice(200_000, 249_999))).status).toBe(403)
    expect((await ask('owner a', { ...asks, partNumber: 4 })).code).toBe('REJECTED')
    expect((await ask('owner a', { do: 'abort', hash, sizeBytes: 250_000, type: '', upload: answer.upload })).answer).toEqual({})
    expect((await ask('owner a', { do: 'abort', hash, sizeBytes: 250_000, type: '', upload: answer.upload })).answer).toEqual({})
    expect(await backend.openUploads()).toEqual([])
  })
})

describe('completing', () => {
  it('keeps nothing of what waited for it', async () => {
    const { hash } = await stored('owner a')
    const { objects } = await backend.bucket.list('', { after: '', limit: 1_000 })
    expect(objects.filter(({ key }) => key.endsWith(hash.slice(7))).map(({ key }) => key)).toEqual([`a/${hash.slice(7)}`])
  })

  it('may be asked for again when the answer was lost', async () => {
    // F-38
    const { bytes, hash } = await randomBlob(1_000)
    const { request, upload } = await begun('owner a', hash, 1_000)
    await send(request, bytes)
    const completing = { do: 'complete', hash, sizeBytes: 1_000, type: '', upload }
    const answers = [await ask('owner a', completing), await ask('owner a', completing)]
    expect(answers.map(({ answer }) => answer)).toEqual([{ hash, sizeBytes: 1_000, verified: 'sha256' }, { hash, sizeBytes: 1_000, verified: 'sha256' }])
  })

  it('stores none of 50 uploads with one bit changed', async () => {
    // F-51 F-63
    const outcomes = await Promise.all(Array.from({ length: 50 }, async (_, at) => {
      const { bytes, hash } = await randomBlob(1_000)
      const { request, upload } = await begun('owner c', hash, 1_000)
      const wrong = new Uint8Array(bytes)
      wrong[at * 20] = (wrong[at * 20] ?? 0) ^ 1
      await send(request, wrong)
      return (await ask('owner c', { do: 'complete', hash, sizeBytes: 1_000, type: '', upload })).code
    }))
    expect(new Set(outcomes)).toEqual(new Set(['HASH_MISMATCH']))
    expect((await backend.bucket.list('c/', { after: '', limit: 10 })).objects).toEqual([])
  })

  it('begins nothing larger than the limit', async () => {
    // F-66
    const { hash } = await randomBlob(1)
    for (const what of ['put', 'create']) expect((await ask('owner a', { do: what, hash, sizeBytes: 1_000_001, type: '' })).code).toBe('TOO_LARGE')
  })
})

describe('requests that are none', () => {
  const hash = `sha256:${'a'.repeat(64)}`

  // F-61 F-62 F-80
  it.each<readonly [string, unknown]>([
    ['no JSON', '{'],
    ['no object', []],
    ['nothing to do', {}],
    ['something unknown to do', { do: 'delete', hash }],
    ['a name of every object', { do: '__proto__' }],
    ['a hash in upper case', { do: 'put', hash: hash.toUpperCase(), sizeBytes: 1, type: '' }],
    ['a path as a hash', { do: 'put', hash: '../../etc/passwd', sizeBytes: 1, type: '' }],
    ['a size below nothing', { do: 'put', hash, sizeBytes: -1, type: '' }],
    ['a size that is no number', { do: 'put', hash, sizeBytes: '1', type: '' }],
    ['a path as an upload', { do: 'complete', hash, sizeBytes: 1, type: '', upload: { id: '../../../a/0123456789' } }],
    ['a part number of none', { do: 'part', hash, sizeBytes: 1, type: '', upload: { id: 'x'.repeat(16), uploadId: 'u' }, partNumber: 0, partBytes: 1 }],
    ['1,001 hashes', { do: 'stat', hashes: Array.from({ length: 1_001 }, () => hash) }],
    ['script in a type', { do: 'put', hash, sizeBytes: 1, type: '<script>'.repeat(200) }],
  ])('are refused without an echo: %s', async (_, body) => {
    const { answer, code, status } = await ask('owner a', body)
    expect([status, code]).toEqual([400, 'VALIDATION_FAILED'])
    expect(JSON.stringify(answer)).not.toMatch(/script>|passwd|AAAA/)
  })

  it('are refused with another method, type or encoding', async () => {
    // F-75
    const statusOf = async (init: RequestInit): Promise<number> => (await fetch(backend.presignEndpoint, init)).status
    expect(await statusOf({ method: 'GET' })).toBe(405)
    expect(await statusOf({ method: 'POST', body: '{}' })).toBe(415)
    expect(await statusOf({ method: 'POST', body: '{}', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } })).toBe(415)
  })
})
