import { describe, expect, it } from 'vitest'
import { BATCH_CONTENT_TYPE, BATCH_LIMITS, encodeBatchHead, type BlobHash, type BlobListPage } from '@bse/core/wire'
import { codeOf, filesOf, randomBlob, storedBlob, testServer, type TestServer } from './support/test-server.ts'

const headOf = (hash: BlobHash, sizeBytes: number): Uint8Array<ArrayBuffer> => encodeBatchHead({ hash, sizeBytes })

function postBatch(server: TestServer, ...parts: Uint8Array<ArrayBuffer>[]): Promise<Response> {
  return fetch(`${server.url}/blobs`, { method: 'POST', body: new Blob(parts), headers: { 'content-type': BATCH_CONTENT_TYPE } })
}

function postStat(server: TestServer, body: string): Promise<Response> {
  return fetch(`${server.url}/blobs/stat`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
}

async function crawl(server: TestServer, limit: number): Promise<readonly BlobListPage[]> {
  const pages: BlobListPage[] = []
  for (let next: string | undefined = ''; next !== undefined; next = pages.at(-1)?.next) {
    const cursor = next === '' ? '' : `&cursor=${next}`
    pages.push((await (await fetch(`${server.url}/blobs?limit=${limit}${cursor}`)).json()) as BlobListPage)
  }
  return pages
}

describe('GET /blobs', () => {
  it('lists every blob once, in one order, page by page', async () => {
    // E-096 F-71
    const server = await testServer()
    const made = await Promise.all(Array.from({ length: 25 }, (_, index) => storedBlob(server, 10 + index)))
    const expected = made.map(({ bytes, hash }) => ({ hash, sizeBytes: bytes.length })).sort((a, b) => (a.hash < b.hash ? -1 : 1))
    for (const limit of [1, 7, 25, 1_000]) {
      const pages = await crawl(server, limit)
      expect(pages.flatMap(({ blobs }) => blobs)).toEqual(expected)
      expect(pages).toHaveLength(Math.ceil(25 / limit))
    }
  })

  it('starts empty, and shows at once what was put', async () => {
    const server = await testServer()
    expect(await crawl(server, 10)).toEqual([{ blobs: [] }])
    const { hash } = await storedBlob(server, 10)
    expect(await crawl(server, 10)).toEqual([{ blobs: [{ hash, sizeBytes: 10 }] }])
  })

  it('answers 304 while nothing has changed', async () => {
    // F-71
    const server = await testServer()
    await storedBlob(server, 10)
    const etag = (await fetch(`${server.url}/blobs`)).headers.get('etag') ?? ''
    const again = (): Promise<Response> => fetch(`${server.url}/blobs`, { headers: { 'if-none-match': etag } })
    expect((await again()).status).toBe(304)
    await storedBlob(server, 11)
    expect((await again()).status).toBe(200)
  })

  it.each(['limit=0', 'limit=-1', 'limit=x', 'limit=', 'limit=1e3', 'cursor=', 'cursor=x', 'cursor=after-..%2f'])('refuses %s', async (query) => {
    const response = await fetch(`${(await testServer()).url}/blobs?${query}`)
    expect([response.status, await codeOf(response)]).toEqual([400, 'VALIDATION_FAILED'])
  })
})

describe('POST /blobs/stat', () => {
  it('answers for each hash, in order', async () => {
    const server = await testServer()
    const [stored, absent] = [await storedBlob(server, 12), await randomBlob(3)]
    const response = await postStat(server, JSON.stringify([absent.hash, stored.hash, absent.hash]))
    expect(await response.json()).toEqual({
      results: [{ hash: absent.hash, is: 'absent' }, { hash: stored.hash, is: 'stored', sizeBytes: 12 }, { hash: absent.hash, is: 'absent' }],
    })
  })

  it.each(['', '{}', 'null', '["x"]', '[1]', '[null]', '{"__proto__":[]}', `[${Array.from({ length: 1_001 }, () => `"sha256:${'a'.repeat(64)}"`).join()}]`])(
    'refuses a body that is no list of hashes, number %#',
    async (body) => {
      const response = await postStat(await testServer(), body)
      expect([response.status, await codeOf(response)]).toEqual([400, 'VALIDATION_FAILED'])
    },
  )
})

describe('POST /blobs', () => {
  it('stores each blob for itself', async () => {
    // F-63
    const server = await testServer()
    const [first, empty, wrong, last] = [await randomBlob(1_000), await randomBlob(0), await randomBlob(500), await randomBlob(2_000)]
    const response = await postBatch(
      server, headOf(first.hash, 1_000), first.bytes, headOf(empty.hash, 0), headOf(wrong.hash, 500), new Uint8Array(500), headOf(last.hash, 2_000), last.bytes,
    )
    expect(await response.json()).toEqual({
      results: [
        { hash: first.hash, status: 'stored' }, { hash: empty.hash, status: 'stored' },
        { hash: wrong.hash, status: 'refused', code: 'HASH_MISMATCH' }, { hash: last.hash, status: 'stored' },
      ],
    })
    expect(await filesOf(server.directory)).toHaveLength(3)
    expect(await (await fetch(`${server.url}/blobs/${last.hash}`)).bytes()).toEqual(last.bytes)
  })

  it('takes nothing from an empty batch', async () => {
    expect(await (await postBatch(await testServer())).json()).toEqual({ results: [] })
  })

  it('refuses a batch that ends in the middle and keeps what was whole', async () => {
    // F-64
    const server = await testServer()
    const [whole, cut] = [await randomBlob(100), await randomBlob(100)]
    for (const tail of [headOf(cut.hash, 100).slice(0, 35), headOf(cut.hash, 100), new Uint8Array([...headOf(cut.hash, 100), ...cut.bytes.slice(0, 99)])]) {
      const response = await postBatch(server, headOf(whole.hash, 100), whole.bytes, tail)
      expect([response.status, await codeOf(response)]).toEqual([400, 'VALIDATION_FAILED'])
    }
    expect(await filesOf(server.directory)).toHaveLength(1)
  })

  it('refuses a blob and a count beyond the limits', async () => {
    // F-66
    const server = await testServer()
    const { bytes, hash } = await randomBlob(1)
    const large = await postBatch(server, headOf(hash, BATCH_LIMITS.maxBlobBytes + 1), new Uint8Array(BATCH_LIMITS.maxBlobBytes + 1))
    expect([large.status, await codeOf(large)]).toEqual([413, 'TOO_LARGE'])
    const many = await postBatch(server, ...Array.from({ length: BATCH_LIMITS.maxCount + 1 }, () => [headOf(hash, 1), bytes]).flat())
    expect([many.status, await codeOf(many)]).toEqual([413, 'TOO_LARGE'])
    const claimed = await postBatch(server, headOf(hash, 0xffff_ffff))
    expect(claimed.status).toBe(413)
  })
})
