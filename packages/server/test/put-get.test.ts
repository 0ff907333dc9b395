import { describe, expect, it } from 'vitest'
import { hexOf } from '@bse/core/wire'
import { codeOf, filesOf, hashOf, put, randomBlob, storedBlob, testServer } from './support/test-server.ts'

describe('PUT /blobs/:hash', () => {
  it('stores new bytes and says so once', async () => {
    // E-093 E-095
    const server = await testServer()
    const { bytes, hash } = await randomBlob(1_000_000)
    const [first, second] = [await put(server, hash, bytes), await put(server, hash, bytes)]
    expect([first.status, await first.json()]).toEqual([201, { hash, sizeBytes: 1_000_000 }])
    expect([second.status, await second.json()]).toEqual([200, { hash, sizeBytes: 1_000_000 }])
    expect(await filesOf(server.directory)).toEqual([`sha256-${hexOf(hash)}`])
  })

  it('refuses bytes of another hash and keeps nothing', async () => {
    // E-094 E-120 F-63
    const server = await testServer()
    const { bytes, hash } = await randomBlob(100_000)
    for (const at of [0, 1, 65_535, 65_536, 99_999]) {
      const broken = bytes.slice()
      broken[at] = (broken[at] ?? 0) ^ 1
      const response = await put(server, hash, broken)
      expect([response.status, await codeOf(response)]).toEqual([422, 'HASH_MISMATCH'])
    }
    expect((await put(server, hash, bytes.subarray(0, 99_999))).status).toBe(422)
    expect(await filesOf(server.directory)).toEqual([])
  })

  it('leaves a stored blob alone when wrong bytes come', async () => {
    // F-63
    const server = await testServer()
    const { bytes, hash } = await storedBlob(server, 5_000)
    await put(server, hash, new Uint8Array(5_000))
    expect(await (await fetch(`${server.url}/blobs/${hash}`)).bytes()).toEqual(bytes)
  })

  it('stores the good one of a hundred at once', async () => {
    // F-65
    const server = await testServer()
    const { bytes, hash } = await randomBlob(50_000)
    const bad = bytes.slice().reverse()
    const responses = await Promise.all(Array.from({ length: 100 }, (_, index) => put(server, hash, index % 2 === 0 ? bytes : bad)))
    const good = responses.filter((_, index) => index % 2 === 0)
    expect(good.every(({ status }) => status === 200 || status === 201)).toBe(true)
    expect(await (await fetch(`${server.url}/blobs/${hash}`)).bytes()).toEqual(bytes)
    await expect.poll(() => filesOf(server.directory)).toEqual([`sha256-${hexOf(hash)}`])
  })

  it('takes an empty blob', async () => {
    const server = await testServer()
    const empty = new Uint8Array()
    expect((await put(server, await hashOf(empty), empty)).status).toBe(201)
    const response = await fetch(`${server.url}/blobs/${await hashOf(empty)}`)
    expect([response.status, response.headers.get('content-length'), (await response.bytes()).length]).toEqual([200, '0', 0])
  })

  it('refuses an encoded body', async () => {
    // F-75
    const server = await testServer()
    const { bytes, hash } = await randomBlob(100)
    for (const encoding of ['gzip', 'br', 'deflate', 'zstd']) {
      const response = await put(server, hash, bytes, { 'content-encoding': encoding })
      expect([response.status, await codeOf(response)]).toEqual([415, 'REJECTED'])
    }
    expect(await filesOf(server.directory)).toEqual([])
  })

  it('takes exactly the limit and not a byte more', async () => {
    // F-66
    const server = await testServer({ maxBytes: 10_000 })
    const [fits, over] = [await randomBlob(10_000), await randomBlob(10_001)]
    expect((await put(server, fits.hash, fits.bytes)).status).toBe(201)
    const response = await put(server, over.hash, over.bytes)
    expect([response.status, await codeOf(response)]).toEqual([413, 'TOO_LARGE'])
  })
})

describe('GET /blobs/:hash', () => {
  it('accepts every spelling of a hash and nothing else', async () => {
    // E-097 F-61 F-62
    const server = await testServer()
    const { bytes, hash } = await storedBlob(server, 300)
    const hex = hexOf(hash)
    for (const spelling of [hash, `sha256%3A${hex}`, `sha256%3a${hex}`, `sha256-${hex}`, hex]) {
      expect(await (await fetch(`${server.url}/blobs/${spelling}`)).bytes()).toEqual(bytes)
    }
    const naughty = [
      hex.toUpperCase(), `SHA256:${hex}`, `sha256:${hex.toUpperCase()}`, `sha256%253A${hex}`, `sha512:${hex}`, hex.slice(1), `${hex}0`, `${hash}/`,
      `${hash}/x`, `${hash}%00`, `${hash}%0d%0aset-cookie:x`, '..%2f..%2fetc%2fpasswd', '%2e%2e%2f', 'sha256:..%2f..', '%', '%c0%af', '%e0%80%af',
      `sha256:${'٠'.repeat(64)}`, 'a'.repeat(4_096), 'stat', '.', '<script>alert(1)</script>', `${hash}%20`,
    ]
    for (const name of naughty.filter((text) => text !== '.')) {
      for (const method of ['GET', 'HEAD', 'PUT']) {
        const response = await fetch(`${server.url}/blobs/${name}`, { method, body: method === 'PUT' ? 'x' : null })
        expect([name, method, response.status]).toEqual([name, method, 400])
      }
    }
    expect(await filesOf(server.directory)).toEqual([`sha256-${hex}`])
  })

  it('never repeats what it was asked', async () => {
    // F-80
    const server = await testServer()
    for (const path of ['/blobs/<script>alert(1)</script>', '/blobs?cursor=<script>', '/blobs?limit=%22%3E<script>', '/blobs/%0d%0ax:script']) {
      const response = await fetch(`${server.url}${path}`)
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(await response.text()).not.toMatch(/script/i)
    }
  })

  it('answers NOT_FOUND for what it does not have', async () => {
    // E-091 E-122
    const server = await testServer()
    const response = await fetch(`${server.url}/blobs/${(await randomBlob(8)).hash}`)
    expect([response.status, await codeOf(response)]).toEqual([404, 'NOT_FOUND'])
  })

  it('describes a blob so that caches keep it for good', async () => {
    // E-092
    const server = await testServer()
    const { bytes, hash } = await storedBlob(server, 70_000)
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(`${server.url}/blobs/${hash}`, { method })
      expect(response.status).toBe(200)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'accept-ranges': 'bytes', 'cache-control': 'private, max-age=31536000, immutable', 'content-length': '70000', etag: `"${hash}"`,
      })
      expect((await response.bytes()).length).toBe(method === 'GET' ? bytes.length : 0)
    }
  })

  it('answers 304 to whoever has it', async () => {
    // E-092
    const server = await testServer()
    const { hash } = await storedBlob(server, 100)
    const status = async (tag: string): Promise<number> => (await fetch(`${server.url}/blobs/${hash}`, { headers: { 'if-none-match': tag } })).status
    expect([await status(`"${hash}"`), await status(`W/"${hash}"`), await status(`"other", "${hash}"`), await status('*')]).toEqual([304, 304, 304, 304])
    expect([await status('"other"'), await status(hash)]).toEqual([200, 200])
  })

  it('sends one range exactly and refuses what is outside', async () => {
    // E-092 F-73
    const server = await testServer()
    const { bytes, hash } = await storedBlob(server, 200_000)
    const get = (headers: Record<string, string>): Promise<Response> => fetch(`${server.url}/blobs/${hash}`, { headers })
    for (const [range, start, end] of [['bytes=0-0', 0, 1], ['bytes=65535-131072', 65_535, 131_073], ['bytes=-1', 199_999, 200_000], ['bytes=5-', 5, 200_000]] as const) {
      const response = await get({ range })
      expect([response.status, response.headers.get('content-range')]).toEqual([206, `bytes ${start}-${end - 1}/200000`])
      expect(await response.bytes()).toEqual(bytes.slice(start, end))
    }
    const outside = await get({ range: 'bytes=200000-' })
    expect([outside.status, outside.headers.get('content-range'), await codeOf(outside)]).toEqual([416, 'bytes */200000', 'RANGE_INVALID'])
    expect((await get({ range: 'bytes=0-1,3-4' })).status).toBe(200)
    expect((await get({ range: 'bytes=0-9', 'if-range': `"${hash}"` })).status).toBe(206)
    expect((await get({ range: 'bytes=0-9', 'if-range': `W/"${hash}"` })).status).toBe(200)
    expect((await get({ range: 'bytes=0-9', 'if-range': '"other"' })).status).toBe(200)
    expect((await fetch(`${server.url}/blobs/${hash}`, { method: 'HEAD', headers: { range: 'bytes=0-9' } })).status).toBe(200)
  })

  it('says which methods there are', async () => {
    const server = await testServer()
    const { hash } = await randomBlob(1)
    for (const method of ['DELETE', 'PATCH']) {
      const response = await fetch(`${server.url}/blobs/${hash}`, { method })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT, POST, OPTIONS'])
    }
  })
})
