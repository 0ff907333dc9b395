import { describe, expect, it } from 'vitest'
import { loopbackGrant, type Authorize } from '../src/authorize.ts'
import { createBlobHandler } from '../src/index.ts'
import { directoryStorage } from '../src/node.ts'
import { codeOf, filesOf, put, randomBlob, storedBlob, temporaryDirectory, testServer } from './support/test-server.ts'

/** `Bearer a` may do everything in space a, `Bearer b` in b; `Bearer drop` may only write to a. */
const byToken: Authorize = (request, action) => {
  const token = request.headers.get('authorization')?.slice('Bearer '.length)
  if (token === undefined) return { refuse: 'unauthorized' }
  if (token === 'drop') return action.kind === 'write' ? { space: 'a' } : { refuse: 'forbidden' }
  return { space: token }
}
const as = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

describe('who may do what', () => {
  it('keeps the spaces of two people apart in every answer', async () => {
    // F-70 F-71
    const server = await testServer({ authorize: byToken })
    const { bytes, hash } = await randomBlob(500)
    expect((await put(server, hash, bytes, as('a'))).status).toBe(201)
    const absent = await fetch(`${server.url}/blobs/${(await randomBlob(4)).hash}`, { headers: as('b') })
    const hidden = await fetch(`${server.url}/blobs/${hash}`, { headers: as('b') })
    expect([hidden.status, await codeOf(hidden)]).toEqual([absent.status, await codeOf(absent)])
    const stat = await fetch(`${server.url}/blobs/stat`, { method: 'POST', body: JSON.stringify([hash]), headers: { ...as('b'), 'content-type': 'application/json' } })
    expect(await stat.json()).toEqual({ results: [{ hash, is: 'absent' }] })
    expect(await (await fetch(`${server.url}/blobs`, { headers: as('b') })).json()).toEqual({ blobs: [] })
    const wrong = await put(server, hash, new Uint8Array(500), as('b'))
    expect([wrong.status, (await put(server, hash, bytes, as('b'))).status]).toEqual([422, 201])
  })

  it('answers 201 to a writer who may not read, every time', async () => {
    // F-70: neither the status nor the time to read the body tells whether it was there.
    const server = await testServer({ authorize: byToken })
    const { bytes, hash } = await randomBlob(500)
    expect([(await put(server, hash, bytes, as('drop'))).status, (await put(server, hash, bytes, as('drop'))).status]).toEqual([201, 201])
    expect((await put(server, hash, new Uint8Array(500), as('drop'))).status).toBe(422)
    expect((await fetch(`${server.url}/blobs/${hash}`, { headers: as('drop') })).status).toBe(404)
    expect((await fetch(`${server.url}/blobs`, { headers: as('drop') })).status).toBe(403)
  })

  it('asks for credentials where there are none', async () => {
    const server = await testServer({ authorize: byToken })
    const { bytes, hash } = await randomBlob(5)
    for (const response of [await put(server, hash, bytes), await fetch(`${server.url}/blobs/${hash}`), await fetch(`${server.url}/blobs`)]) {
      expect([response.status, response.headers.get('www-authenticate'), await codeOf(response)]).toEqual([401, 'Bearer', 'UNAUTHORIZED'])
    }
  })

  it('never lets a space become a path of its own', async () => {
    const names = ['../../escape', 'a/b', '..', 'CON', 'Ä', '']
    let space = ''
    const server = await testServer({ authorize: () => ({ space }) })
    for (space of names) await put(server, (await randomBlob(9)).hash, new Uint8Array(9))
    expect(await filesOf(server.directory)).toEqual([])
    space = '..'
    const { bytes, hash } = await randomBlob(9)
    expect((await put(server, hash, bytes)).status).toBe(201)
    expect(await filesOf(`${server.directory}/blobs`)).toHaveLength(1)
  })

  it.each([
    ['127.0.0.1', 'http://127.0.0.1:8787/blobs', {}, true],
    ['::1', 'http://[::1]:8787/blobs', {}, true],
    ['::ffff:127.0.0.1', 'http://localhost/blobs', {}, true],
    ['127.8.9.1', 'http://app.localhost/blobs', {}, true],
    ['10.0.0.7', 'http://localhost/blobs', {}, false],
    ['127.0.0.1', 'http://photos.example/blobs', {}, false],
    ['127.0.0.1', 'http://localhost.example/blobs', {}, false],
    ['127.0.0.1', 'http://localhost/blobs', { 'x-forwarded-for': '203.0.113.5' }, false],
    ['127.0.0.1', 'http://localhost/blobs', { forwarded: 'for=203.0.113.5' }, false],
    [undefined, 'http://localhost/blobs', {}, false],
  ])('without authorize takes %s at %s with %o: %s', (remoteAddress, url, headers, allowed) => {
    expect('space' in loopbackGrant(new Request(url, { headers: headers as Record<string, string> }), { remoteAddress })).toBe(allowed)
  })

  it('serves nobody when the surrounding server does not say who asks', async () => {
    const store = directoryStorage(await temporaryDirectory())
    const handler = createBlobHandler({ store })
    expect((await handler(new Request('http://localhost/blobs'))).status).toBe(403)
    expect((await handler(new Request('http://localhost/blobs'), { remoteAddress: '127.0.0.1' })).status).toBe(200)
    await store.close()
  })
})

describe('pages of other origins', () => {
  const listed = { origin: 'https://app.example' }

  it('may read and write when they are on the list', async () => {
    // F-76
    const server = await testServer({ origins: ['https://app.example'] })
    const { hash } = await storedBlob(server, 10)
    const response = await fetch(`${server.url}/blobs/${hash}`, { headers: listed })
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example', 'cross-origin-resource-policy': 'cross-origin', vary: 'Origin',
    })
    expect(response.headers.get('access-control-expose-headers')).toMatch(/ETag.*Content-Range/)
    expect(response.headers.has('access-control-allow-credentials')).toBe(false)
    const asked = await fetch(`${server.url}/blobs/${hash}`, { method: 'OPTIONS', headers: { ...listed, 'access-control-request-private-network': 'true' } })
    expect([asked.status, asked.headers.get('access-control-allow-methods'), asked.headers.get('access-control-allow-private-network')]).toEqual([204, 'GET, HEAD, PUT, POST', 'true'])
    const blob = await randomBlob(10)
    expect((await put(server, blob.hash, blob.bytes, listed)).status).toBe(201)
  })

  it.each(['https://evil.example', 'null', 'https://app.example.evil.example', 'http://app.example', 'nonsense'])('get nothing when they are not: %s', async (origin) => {
    // F-76 F-77
    const server = await testServer({ origins: ['https://app.example'] })
    const { bytes, hash } = await randomBlob(10)
    expect((await put(server, hash, bytes, { origin })).status).toBe(403)
    const preflight = await fetch(`${server.url}/blobs/${hash}`, { method: 'OPTIONS', headers: { origin } })
    expect([preflight.status, preflight.headers.has('access-control-allow-origin')]).toEqual([403, false])
    expect((await fetch(`${server.url}/blobs/${hash}`, { headers: { origin } })).headers.has('access-control-allow-origin')).toBe(false)
    expect(await filesOf(server.directory)).toEqual([])
  })

  it('are not needed for the page that the server itself serves', async () => {
    const server = await testServer()
    const { bytes, hash } = await randomBlob(10)
    expect((await put(server, hash, bytes, { origin: server.url })).status).toBe(201)
  })

  it('cannot write with what a form can send', async () => {
    // F-77
    const server = await testServer()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      for (const path of ['/blobs', '/blobs/stat']) {
        expect((await fetch(`${server.url}${path}`, { method: 'POST', body: '[]', headers: { 'content-type': type } })).status).toBe(415)
      }
    }
  })
})
