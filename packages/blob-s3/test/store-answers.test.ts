import { describe, expect, it } from 'vitest'
import type { Clock, UploadProgress } from '@bse/core/provider'
import { hexOf, type Json } from '@bse/core/wire'
import { goodGet, goodPut, io, presignStub, provider, randomTask, signal, stub } from './support/stubs.ts'

const upload = { id: '0123456789abcdef' }
const multipart = { ...upload, uploadId: 'u1' }

/** F-43 F-44 F-45 F-47 F-49 F-51: what a store may say to a PUT. */
const answers: readonly (readonly [status: number, code: string, expected: string, requests: number])[] = [
  [400, 'BadDigest', 'HASH_MISMATCH', 1],
  [400, 'XAmzContentChecksumMismatch', 'HASH_MISMATCH', 1],
  [400, 'EntityTooLarge', 'TOO_LARGE', 1],
  [400, 'RequestTimeout', 'NETWORK', 1],
  [400, 'ExpiredToken', 'REJECTED', 3],
  [400, 'InvalidArgument', 'REJECTED', 1],
  [403, 'AccessDenied', 'FORBIDDEN', 3],
  [403, 'RequestTimeTooSkewed', 'NETWORK', 3],
  [403, 'QuotaExceeded', 'STORAGE_FULL', 1],
  [404, 'NoSuchBucket', 'REJECTED', 1],
  [409, 'ConditionalRequestConflict', 'NETWORK', 1],
  [411, 'MissingContentLength', 'REJECTED', 1],
  [429, '', 'RATE_LIMITED', 1],
  [500, 'InternalError', 'NETWORK', 1],
  [503, 'SlowDown', 'NETWORK', 1],
  [507, '', 'STORAGE_FULL', 1],
]

describe('what a store answers', () => {
  it.each(answers)('%i %s becomes %s after %i requests', async (status, code, expected, requests) => {
    const store = await stub((_, response) => void response.writeHead(status).end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`))
    const [storeUrl, task] = [`${store.url}/media`, await randomTask(100)]
    const presign = await presignStub(() => ({ upload, request: goodPut(storeUrl, task) }))
    await expect(provider(presign, storeUrl).upload(task, io)).rejects.toMatchObject({ code: expected })
    expect(store.seen.length).toBe(requests)
  })

  it('honours Retry-After of a store that is busy', async () => {
    // F-43
    const store = await stub((_, response) => void response.writeHead(503, { 'retry-after': '7' }).end('<Error><Code>SlowDown</Code></Error>'))
    const [storeUrl, task] = [`${store.url}/media`, await randomTask(100)]
    const presign = await presignStub(() => ({ upload, request: goodPut(storeUrl, task) }))
    await expect(provider(presign, storeUrl).upload(task, io)).rejects.toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: 7_000 } })
  })

  it('signs again when a signature has grown old', async () => {
    // F-47
    let puts = 0
    const store = await stub((_, response) => {
      puts += 1
      if (puts === 1) return void response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>')
      response.writeHead(200, { etag: '"e"' }).end()
    })
    const [storeUrl, task] = [`${store.url}/media`, await randomTask(100)]
    const presign = await presignStub(({ do: what }) => (what === 'put' ? { upload, request: goodPut(storeUrl, task) } : { hash: task.hash, sizeBytes: 100, verified: 'sha256' }))
    expect(await provider(presign, storeUrl).upload(task, io)).toEqual({ verified: 'sha256' })
    expect(puts).toBe(2)
  })

  it('takes "it is there already" for an upload whose answer was lost', async () => {
    // F-38
    const store = await stub((_, response) => void response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>'))
    const [storeUrl, task] = [`${store.url}/media`, await randomTask(100)]
    const presign = await presignStub(({ do: what }) => (what === 'put' ? { upload, request: goodPut(storeUrl, task) } : { hash: task.hash, sizeBytes: 100, verified: 'sha256' }))
    expect(await provider(presign, storeUrl).upload(task, io)).toEqual({ verified: 'sha256' })
  })

  it('sends nothing that the store has', async () => {
    // F-05
    const store = await stub((_, response) => void response.writeHead(200).end())
    const presign = await presignStub(() => ({ stored: true }))
    const seen: UploadProgress[] = []
    for (const multipartFromBytes of [1, 1_000_000]) {
      await provider(presign, `${store.url}/media`, { multipartFromBytes }).upload(await randomTask(500), { ...io, onProgress: (progress) => seen.push(progress) })
    }
    expect([store.seen, seen.at(-1)]).toEqual([[], { sentBytes: 500, confirmedBytes: 500 }])
  })

  it('does not believe a completion of other bytes', async () => {
    // F-51
    const store = await stub((_, response) => void response.writeHead(200, { etag: '"e"' }).end())
    const [storeUrl, task] = [`${store.url}/media`, await randomTask(100)]
    for (const completed of [{ hash: `sha256:${'b'.repeat(64)}`, sizeBytes: 100 }, { hash: task.hash, sizeBytes: 99 }, {}]) {
      const presign = await presignStub(({ do: what }) => (what === 'put' ? { upload, request: goodPut(storeUrl, task) } : completed))
      await expect(provider(presign, storeUrl).upload(task, io)).rejects.toMatchObject({ code: 'NETWORK' })
    }
  })
})

describe('a store that says nothing', () => {
  /** Time that passes when a test says so. */
  function handClock(): Clock & { pass(): void } {
    const waiting = new Set<() => void>()
    const timer: Clock['timer'] = (_, callback) => {
      waiting.add(callback)
      return () => void waiting.delete(callback)
    }
    return { nowMs: () => 0, monotonicMs: () => 0, timer, pass: () => [...waiting].forEach((callback) => callback()) }
  }

  // F-54
  it.each(['upload', 'open'] as const)('is given up when the time is over: %s', async (operation) => {
    const { promise: reached, resolve } = Promise.withResolvers<void>()
    const store = await stub(() => resolve())
    const [storeUrl, task, clock] = [`${store.url}/media`, await randomTask(100), handClock()]
    const presign = await presignStub(({ do: what }) => ({ upload, request: what === 'put' ? goodPut(storeUrl, task) : goodGet(storeUrl, task.hash) }))
    const opened = provider(presign, storeUrl, {}, { clock })
    const waiting: Promise<unknown> = operation === 'upload' ? opened.upload(task, io) : opened.open({ hash: task.hash, sizeBytes: undefined, type: '' }, { signal })
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'NETWORK' })
    await reached
    clock.pass()
    await outcome
  })
})

describe('reading', () => {
  const ref = { sizeBytes: undefined, type: 'image/png' } as const

  it('lends one URL until 80 % of its life are over, by a clock that nobody sets', async () => {
    // F-32 F-47
    const task = await randomTask(1)
    const presign = await presignStub((_, count) => {
      const request = goodGet('https://s3.example/media', task.hash)
      return { request: { ...request, url: `${request.url}&n=${count}`, expiresInMs: 100_000 } }
    })
    let [monotonicMs, nowMs] = [5_000, 1_000_000_000]
    const clock = { monotonicMs: () => monotonicMs, nowMs: () => nowMs, timer: () => () => undefined }
    const opened = provider(presign, 'https://s3.example/media', {}, { clock })
    const lend = async (): Promise<readonly unknown[]> => {
      const { expiresAtMs, url = '' } = (await opened.url?.({ ...ref, hash: task.hash }, { expiresInMs: 100_000, signal })) ?? {}
      return [new URL(url).searchParams.get('n'), (expiresAtMs ?? 0) - nowMs]
    }
    expect(await lend()).toEqual(['1', 100_000])
    monotonicMs += 79_999
    nowMs -= 900_000
    expect(await lend()).toEqual(['1', 20_001])
    monotonicMs += 1
    expect(await lend()).toEqual(['2', 100_000])
  })

  it('signs again when the store finds a URL too old', async () => {
    // F-47
    let gets = 0
    const store = await stub((_, response) => {
      gets += 1
      if (gets === 1) return void response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>')
      response.writeHead(200, { 'content-type': 'image/png' }).end('x')
    })
    const task = await randomTask(1)
    const presign = await presignStub(() => ({ request: goodGet(`${store.url}/media`, task.hash) }))
    const { body } = await provider(presign, `${store.url}/media`).open({ ...ref, hash: task.hash }, { signal })
    expect(await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).text()).toBe('x')
    expect(presign.seen.length).toBe(2)
  })

  it.each([[200, 'text/html', 'NETWORK'], [404, 'application/xml', 'NOT_FOUND'], [416, 'application/xml', 'RANGE_INVALID'], [503, 'application/xml', 'NETWORK']])(
    'makes of a %i with %s a %s', async (status, type, code) => {
      // F-52 F-55
      const store = await stub((_, response) => void response.writeHead(status, { 'content-type': type }).end('<html>'))
      const task = await randomTask(1)
      const presign = await presignStub(() => ({ request: goodGet(`${store.url}/media`, task.hash) }))
      await expect(provider(presign, `${store.url}/media`).open({ ...ref, hash: task.hash }, { signal })).rejects.toMatchObject({ code })
    },
  )
})

describe('a multipart upload that the store forgot', () => {
  const storeUrlOf = (url: string): string => `${url}/media`

  async function run(gone: 'list' | 'part' | 'complete'): Promise<{ readonly created: number; readonly saved: readonly Json[] }> {
    const task = await randomTask(300)
    let [created, isGone] = [0, false]
    const store = await stub((_, response) => {
      if (gone !== 'part' || isGone) return void response.writeHead(200, { etag: '"e"' }).end()
      isGone = true
      response.writeHead(404).end('<Error><Code>NoSuchUpload</Code></Error>')
    })
    const presign = await stub(({ body }, response) => {
      const asked = JSON.parse(body) as { readonly do: string; readonly partNumber: number; readonly upload: { readonly uploadId: string } }
      const say = (status: number, answer: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      if (asked.do === gone && !isGone) {
        isGone = true
        return say(409, { error: { code: 'REJECTED', message: 'x', details: { status: 409, reason: 'upload-gone' } } })
      }
      if (asked.do === 'create') return say(200, { upload: { ...upload, uploadId: `u${(created += 1)}` } })
      if (asked.do === 'list') return say(200, { parts: [] })
      if (asked.do === 'complete') return say(200, { hash: task.hash, sizeBytes: 300, verified: 'sha256' })
      const url = `${storeUrlOf(store.url)}/incoming/family/x/${hexOf(task.hash)}?X-Amz-SignedHeaders=content-length%3Bhost&uploadId=${asked.upload.uploadId}&partNumber=${asked.partNumber}`
      say(200, { request: { method: 'PUT', url, headers: {}, expiresInMs: 60_000 } })
    })
    const saved: Json[] = []
    const checkpoint: Json = { format: 's3-multipart-1', hash: task.hash, sizeBytes: 300, type: '', upload: multipart, partBytes: 100, parts: [] }
    const own = { ...io, checkpoint, saveCheckpoint: async (next: Json) => void saved.push(next) }
    expect(await provider(presign, storeUrlOf(store.url), { multipartFromBytes: 1, partBytes: 100 }).upload(task, own)).toEqual({ verified: 'sha256' })
    return { created, saved }
  }

  // F-40 F-49
  it.each(['list', 'part', 'complete'] as const)('begins anew when that shows at the %s', async (gone) => {
    const { created, saved } = await run(gone)
    expect(created).toBe(1)
    expect(saved.at(-1)).toMatchObject({ upload: { uploadId: 'u1' }, parts: [[1, '"e"'], [2, '"e"'], [3, '"e"']] })
  })
})
