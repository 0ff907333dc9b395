import { describe, expect, it } from 'vitest'
import { parseContentRange, rangeHeader } from '../src/content-range.ts'
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

describe('Content-Range', () => {
  it.each<readonly [string | null, unknown]>([
    ['bytes 0-0/1', { range: { start: 0, end: 1 }, sizeBytes: 1 }],
    ['bytes 5-9/100', { range: { start: 5, end: 10 }, sizeBytes: 100 }],
    ['bytes 5-9/*', { range: { start: 5, end: 10 }, sizeBytes: undefined }],
    ['bytes 5-4/100', undefined],
    ['bytes 5-100/100', undefined],
    ['bytes */100', undefined],
    ['items 0-1/2', undefined],
    ['bytes 0-1/2, 3-4/5', undefined],
    ['', undefined],
    [null, undefined],
  ])('reads %j', (header, expected) => {
    expect(parseContentRange(header)).toEqual(expected)
  })

  it('asks for a range by its last byte', () => {
    expect([rangeHeader({ start: 0, end: 1 }), rangeHeader({ start: 5 })]).toEqual(['bytes=0-0', 'bytes=5-'])
  })
})
