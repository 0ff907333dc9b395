import { describe, expect, it } from 'vitest'
import { BATCH_CONTENT_TYPE, hexOf, type BlobHash } from '@bse/core/wire'
import type { AuthReason, Clock, UploadIo, UploadTask } from '@bse/core/provider'
import { collect, plainProviderContext, randomBytes, sha256Of } from '@bse/core/testing'
import { answerJson, answerPortal, stubServer } from './support/stub-server.ts'

const signal = new AbortController().signal
const io: UploadIo = { checkpoint: undefined, saveCheckpoint: async () => undefined, onProgress: () => undefined, signal }

async function task(sizeBytes = 100): Promise<UploadTask> {
  const bytes = randomBytes(sizeBytes)
  return { hash: await sha256Of(bytes), sizeBytes, type: 'image/png', blob: new Blob([bytes], { type: 'image/png' }) }
}

const refOf = (hash: BlobHash): { hash: BlobHash; sizeBytes: undefined; type: string } => ({ hash, sizeBytes: undefined, type: '' })

/** Timers fire when told to; `longest` is the one that everything waits for. */
function handClock(): Clock & { readonly waiting: Map<object, { readonly delayMs: number; readonly callback: () => void }> } {
  const waiting = new Map<object, { readonly delayMs: number; readonly callback: () => void }>()
  return {
    waiting, nowMs: () => Date.now(), monotonicMs: () => performance.now(),
    timer: (delayMs, callback) => {
      const key = {}
      waiting.set(key, { delayMs, callback })
      return () => void waiting.delete(key)
    },
  }
}

describe('uploads to servers that misbehave', () => {
  it('sends no Content-Type and the right length', async () => {
    const sent = await task()
    const server = await stubServer((_, response) => answerJson(response, 201, { hash: sent.hash, sizeBytes: 100 }))
    expect(await server.provider().upload(sent, io)).toEqual({ verified: 'sha256' })
    expect(server.seen[0]?.headers).toMatchObject({ 'content-length': '100' })
    expect(server.seen[0]?.headers['content-type']).toBeUndefined()
  })

  it('does not believe a portal that says 200 to an upload', async () => {
    // F-55
    const server = await stubServer((_, response) => answerPortal(response))
    await expect(server.provider().upload(await task(), io)).rejects.toMatchObject({ code: 'NETWORK' })
    await expect(server.provider().upload(await task(300_000), io)).rejects.toMatchObject({ code: 'NETWORK' })
  })

  it.each([
    ['another hash', { hash: `sha256:${'b'.repeat(64)}`, sizeBytes: 100 }],
    ['another size', { sizeBytes: 99 }],
    ['nothing', null],
  ])('does not believe a 201 that names %s', async (_, body) => {
    // F-51
    const sent = await task()
    const server = await stubServer(({ method }, response) => {
      if (method === 'HEAD') return void response.writeHead(404).end()
      answerJson(response, 201, body === null ? null : { hash: sent.hash, ...body })
    })
    await expect(server.provider().upload(sent, io)).rejects.toMatchObject({ code: 'NETWORK' })
  })

  it.each([201, 204, 409, 412])('takes a bare %i for success once the server shows the blob', async (status) => {
    // F-38
    const sent = await task()
    const server = await stubServer(({ method }, response) => {
      if (method === 'HEAD') return void response.writeHead(200, { 'content-length': '100', etag: `"${hexOf(sent.hash)}"` }).end()
      response.writeHead(status).end()
    })
    expect(await server.provider().upload(sent, io)).toEqual({ verified: 'sha256' })
  })

  it.each([409, 412])('takes a %i for a refusal when the blob is not there', async (status) => {
    // F-38
    const server = await stubServer(({ method }, response) => void response.writeHead(method === 'HEAD' ? 404 : status).end())
    await expect(server.provider().upload(await task(), io)).rejects.toMatchObject({ code: 'REJECTED', details: { status } })
  })

  it('sends nothing of a large blob that is there', async () => {
    // F-05
    const sent = await task(500_000)
    const server = await stubServer((_, response) => void response.writeHead(200, { 'content-length': '500000', etag: `"${sent.hash}"` }).end())
    expect(await server.provider().upload(sent, io)).toEqual({ verified: 'sha256' })
    expect(server.seen.map(({ method }) => method)).toEqual(['HEAD'])
  })

  it('reports an answer that was lost as a broken network', async () => {
    // F-38
    const server = await stubServer((_, response) => void response.socket?.destroy())
    await expect(server.provider().upload(await task(), io)).rejects.toMatchObject({ code: 'NETWORK', retryable: true })
  })

  it('ends an upload that nobody answers', async () => {
    // F-54
    const clock = handClock()
    const server = await stubServer(() => undefined)
    const uploading = expect(server.provider({ idleTimeoutMs: 5_000 }, { clock }).upload(await task(80_000), io)).rejects.toMatchObject({ code: 'NETWORK' })
    await expect.poll(() => server.seen.length).toBe(1)
    const [timer] = [...clock.waiting.values()]
    expect(timer?.delayMs).toBe(15_000)
    timer?.callback()
    await uploading
    expect(clock.waiting.size).toBe(0)
  })
})

describe('credentials', () => {
  it('are refreshed once after a 401', async () => {
    // F-46
    const sent = await task()
    const asked: AuthReason[] = []
    const auth = async (reason: AuthReason): Promise<{ headers: Record<string, string> }> => {
      asked.push(reason)
      return { headers: { authorization: reason === 'expired' ? 'Bearer new' : 'Bearer old' } }
    }
    const server = await stubServer(({ headers }, response) => {
      if (headers.authorization === 'Bearer new') answerJson(response, 201, { hash: sent.hash, sizeBytes: 100 })
      else response.writeHead(401).end()
    })
    expect(await server.provider({ headers: { 'x-app': '1' } }, { auth }).upload(sent, io)).toEqual({ verified: 'sha256' })
    expect(asked).toEqual(['start', 'expired'])
    expect(server.seen.map(({ headers }) => headers['x-app'])).toEqual(['1', '1'])
  })

  it('are asked for no third time', async () => {
    // F-46
    const server = await stubServer((_, response) => void response.writeHead(401).end())
    await expect(server.provider().upload(await task(), io)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    expect(server.seen).toHaveLength(2)
  })

  it.each([301, 302, 303, 307, 308])('never follow a %i to another server', async (status) => {
    // F-53
    const other = await stubServer((_, response) => void response.writeHead(200).end('secret bytes'))
    const server = await stubServer((_, response) => void response.writeHead(status, { location: `${other.url}/steal` }).end())
    const provider = server.provider({ headers: { authorization: 'Bearer secret' } })
    const { hash } = await task()
    await expect(provider.open(refOf(hash), { signal })).rejects.toMatchObject({ code: 'NETWORK' })
    await expect(provider.upload(await task(), io)).rejects.toMatchObject({ code: 'NETWORK' })
    await expect(provider.stat([hash], { signal })).rejects.toMatchObject({ code: 'NETWORK' })
    expect(other.seen).toEqual([])
  })
})

describe('reading from servers that misbehave', () => {
  it('does not take a page for a blob', async () => {
    // F-55
    const server = await stubServer((_, response) => answerPortal(response))
    const provider = server.provider()
    const { hash } = await task()
    await expect(provider.open(refOf(hash), { signal })).rejects.toMatchObject({ code: 'NETWORK' })
    await expect(provider.stat([hash], { signal })).rejects.toMatchObject({ code: 'NETWORK' })
    await expect(provider.batch?.upload([await task()], { signal })).rejects.toMatchObject({ code: 'NETWORK' })
  })

  it('gives the whole when the server ignores the range, and says so', async () => {
    const server = await stubServer((_, response) => void response.writeHead(200, { 'content-length': '5' }).end('hello'))
    const opened = await server.provider().open(refOf((await task()).hash), { range: { start: 1, end: 3 }, signal })
    expect([opened.range, opened.sizeBytes]).toEqual([undefined, 5])
    expect(new TextDecoder().decode(await collect(opened.body))).toBe('hello')
  })

  it.each(['bytes 0-1/10', 'bytes 2-9/10', 'bytes 2-1/10', 'nonsense'])('refuses a part that was not asked for: %s', async (range) => {
    // F-52
    const server = await stubServer((_, response) => void response.writeHead(206, { 'content-range': range }).end('xx'))
    await expect(server.provider().open(refOf((await task()).hash), { range: { start: 2, end: 4 }, signal })).rejects.toMatchObject({ code: 'NETWORK' })
  })

  it('breaks the stream of a body that ends early', async () => {
    // F-52
    const server = await stubServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('only this', () => response.socket?.destroy())
    })
    const opened = await server.provider().open(refOf((await task()).hash), { signal })
    await expect(collect(opened.body)).rejects.toMatchObject({ code: 'NETWORK' })
  })

  it('breaks the stream of a body that stands still', async () => {
    // F-54
    const clock = handClock()
    const server = await stubServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('only this')
    })
    const opened = await server.provider({ idleTimeoutMs: 5_000 }, { clock }).open(refOf((await task()).hash), { signal })
    const reader = opened.body.getReader()
    await reader.read()
    expect(clock.waiting.size).toBe(0)
    const reading = expect(reader.read()).rejects.toMatchObject({ code: 'NETWORK' })
    await expect.poll(() => clock.waiting.size).toBe(1)
    for (const { callback } of clock.waiting.values()) callback()
    await reading
  })

  it('asks one by one where the server takes no list, and only then', async () => {
    const stored = await task()
    const server = await stubServer(({ method, path }, response) => {
      if (method === 'POST') return void response.writeHead(404).end()
      response.writeHead(path.endsWith(stored.hash) ? 200 : 410, { 'content-length': path.endsWith(stored.hash) ? '100' : '0' }).end()
    })
    const provider = server.provider()
    const hashes = [stored.hash, (await task()).hash]
    const expected = [{ is: 'stored', sizeBytes: 100 }, { is: 'gone' }]
    expect([await provider.stat(hashes, { signal }), await provider.stat(hashes, { signal })]).toEqual([expected, expected])
    expect(server.seen.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it('asks in lists of a thousand', async () => {
    const hashes = Array.from({ length: 2_001 }, (_, index): BlobHash => `sha256:${index.toString(16).padStart(64, '0')}`)
    let from = 0
    const server = await stubServer((_, response) => {
      const part = hashes.slice(from, (from += 1_000))
      answerJson(response, 200, { results: part.map((hash) => ({ hash, is: 'absent' })) })
    })
    expect(await server.provider().stat(hashes, { signal })).toHaveLength(2_001)
    expect(server.seen).toHaveLength(3)
  })

  it.each<readonly [string, (hash: BlobHash) => unknown]>([
    ['too few', () => ({ results: [] })],
    ['another hash', () => ({ results: [{ hash: `sha256:${'c'.repeat(64)}`, is: 'stored' }] })],
    ['an unknown word', (hash) => ({ results: [{ hash, is: 'perhaps' }] })],
    ['no list', () => ({ results: 'yes' })],
    ['null', () => null],
  ])('does not believe a stat with %s', async (_, answer) => {
    const { hash } = await task()
    const server = await stubServer((__, response) => answerJson(response, 200, answer(hash)))
    await expect(server.provider().stat([hash], { signal })).rejects.toMatchObject({ code: 'NETWORK' })
  })
})

describe('batches', () => {
  it('give one outcome each, whatever the server refuses', async () => {
    const tasks = await Promise.all(['', 'HASH_MISMATCH', 'STORAGE_FULL', 'TOO_LARGE', 'FORBIDDEN', 'STORAGE_FAILED', 'strange'].map(() => task()))
    const codes = [undefined, 'HASH_MISMATCH', 'STORAGE_FULL', 'TOO_LARGE', 'FORBIDDEN', 'STORAGE_FAILED', 'strange']
    const server = await stubServer(({ headers }, response) => {
      expect(headers['content-type']).toBe(BATCH_CONTENT_TYPE)
      answerJson(response, 200, { results: tasks.map(({ hash }, index) => (codes[index] === undefined ? { hash, status: 'stored' } : { hash, status: 'refused', code: codes[index] })) })
    })
    const outcomes = (await server.provider().batch?.upload(tasks, { signal })) ?? []
    expect(outcomes.map((outcome) => ('error' in outcome ? (outcome.error as { code: string }).code : 'stored'))).toEqual([
      'stored', 'HASH_MISMATCH', 'STORAGE_FULL', 'TOO_LARGE', 'FORBIDDEN', 'NETWORK', 'REJECTED',
    ])
  })

  it('are not believed when the outcomes are of other blobs', async () => {
    const server = await stubServer((_, response) => answerJson(response, 200, { results: [{ hash: 'x', status: 'stored' }] }))
    await expect(server.provider().batch?.upload([await task()], { signal })).rejects.toMatchObject({ code: 'NETWORK' })
  })
})

it('starts with what core lends and refuses to work before', async () => {
  const server = await stubServer((_, response) => void response.writeHead(404).end())
  const { httpBlobs } = await import('../src/index.ts')
  const provider = httpBlobs({ url: server.url })
  await expect(provider.stat([], { signal })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  provider.connect(plainProviderContext())
  expect(await provider.stat([], { signal })).toEqual([])
})
