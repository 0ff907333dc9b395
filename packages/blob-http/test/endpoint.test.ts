import { describe, expect, it } from 'vitest'
import { Endpoint } from '../src/endpoint.ts'
import { httpBlobs } from '../src/index.ts'

const hash = `sha256:${'a'.repeat(64)}` as const

describe('where the blobs are', () => {
  it.each([
    ['https://photos.example/blobs', 'http:https://photos.example/blobs', `https://photos.example/blobs/${hash}`],
    ['https://photos.example/blobs/', 'http:https://photos.example/blobs', `https://photos.example/blobs/${hash}`],
    ['https://photos.example', 'http:https://photos.example', `https://photos.example/${hash}`],
    ['http://127.0.0.1:8787/blobs?space=7#x', 'http:http://127.0.0.1:8787/blobs', `http://127.0.0.1:8787/blobs/${hash}?space=7`],
  ])('reads %s', (url, remoteId, blobUrl) => {
    const endpoint = new Endpoint(url)
    expect([endpoint.remoteId, endpoint.blob(hash)]).toEqual([remoteId, blobUrl])
  })

  it.each(['ftp://x/blobs', 'https://user:secret@x/blobs', 'http://', 'javascript:alert(1)'])('refuses %s at once', (url) => {
    expect(() => httpBlobs({ url })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  it('takes a relative URL and needs a page only when it is used', () => {
    const provider = httpBlobs({ url: '/blobs' })
    expect(() => provider.remoteId).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  it('lends plain URLs only where reading needs no headers', () => {
    expect([httpBlobs({ url: 'https://x' }).url, httpBlobs({ url: 'https://x', batch: false }).batch]).toEqual([undefined, undefined])
    expect(httpBlobs({ url: 'https://x', publicReads: true }).url).toBeTypeOf('function')
  })
})
