import { describe, expect, it } from 'vitest'
import { r2Blobs } from '../src/index.ts'

const accountId = '0123456789abcdef0123456789abcdef'

describe('where an R2 bucket is', () => {
  // R-034 R-035
  it('follows from account and bucket', () => {
    const blobs = r2Blobs({ accountId, bucket: 'media', presignEndpoint: '/api/media/presign' })
    expect([blobs.name, blobs.remoteId]).toEqual(['r2', `s3:https://${accountId}.r2.cloudflarestorage.com/media`])
  })

  it('is another place for a bucket with a jurisdiction', () => {
    const storeUrl = `https://${accountId}.eu.r2.cloudflarestorage.com/media`
    expect(r2Blobs({ accountId, bucket: 'media', presignEndpoint: '/sign', storeUrl }).remoteId).toBe(`s3:${storeUrl}`)
  })

  it('is behind the Worker that is bound to it', () => {
    const blobs = r2Blobs({ endpoint: 'https://media.example.workers.dev/blobs' })
    expect([blobs.name, blobs.remoteId, blobs.capabilities.resumable]).toEqual(['r2', 'http:https://media.example.workers.dev/blobs', false])
  })

  it.each([
    [{ accountId: '', bucket: 'media', presignEndpoint: '/sign' }, 'accountId'],
    [{ accountId: 'evil.example/0123456789abcdef0123', bucket: 'media', presignEndpoint: '/sign' }, 'accountId'],
    [{ accountId, bucket: '../private', presignEndpoint: '/sign' }, 'bucket'],
    [{ accountId, bucket: 'Media', presignEndpoint: '/sign' }, 'bucket'],
    [{ endpoint: 'ftp://media.example' }, 'url'],
  ])('is refused for %j', (options, option) => {
    expect(() => r2Blobs(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { option } }))
  })
})
