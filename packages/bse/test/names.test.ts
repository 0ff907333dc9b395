import { afterEach, describe, expect, it } from 'vitest'
import { createSyncEngine, httpBlobs, isBseError, s3Blobs, yjsData, type BlobSyncEngineOptions } from 'blob-sync-engine'
import { registerBlobProvider, registerDataProvider } from 'blob-sync-engine/registry'
import { memoryCache, memoryState } from '@bse/core/memory'
import { FakeRemote, fakeBlobs, fakeData } from '@bse/core/testing'
import { Doc } from 'yjs'

declare module 'blob-sync-engine/registry' {
  interface BlobProviderConfigs {
    readonly 'test-blobs': { readonly remote: FakeRemote }
  }
  interface DataProviderConfigs {
    readonly 'test-data': { readonly remote: FakeRemote }
  }
}

const schema = { photos: { id: 'uuid', title: 'string', image: { type: 'blob', mimeTypes: ['image/*'] } } } as const
type Options = BlobSyncEngineOptions<typeof schema>

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0
function engine(options: Pick<Options, 'data' | 'blobs'> & Partial<Options>): ReturnType<typeof createSyncEngine<typeof schema>> {
  const sync = createSyncEngine({ name: `names-${(engines += 1)}`, schema, state: memoryState(), cache: { backend: memoryCache() }, ...options })
  open.push(sync)
  return sync
}

/** Code and details of the error that an engine of these options throws. */
function refusal(options: Readonly<Record<string, unknown>>): unknown {
  const remote = new FakeRemote()
  try {
    engine({ data: fakeData(remote), blobs: fakeBlobs(remote), ...options })
    return undefined
  } catch (error) {
    return isBseError(error) ? { code: error.code, ...error.details } : error
  }
}

describe('providers by name', () => {
  it('are made with their own options', async () => {
    const remote = new FakeRemote()
    registerBlobProvider('test-blobs', (config) => fakeBlobs(config.remote))
    registerDataProvider('test-data', (config) => fakeData(config.remote))
    const sync = engine({ data: { provider: 'test-data', config: { remote } }, blobs: { provider: 'test-blobs', config: { remote } } })
    await sync.photos.insert({ title: 'by name', image: new File([new Uint8Array(9_000)], 'a.png', { type: 'image/png' }) }).synced
    expect([...remote.rows.values()].map(({ title }) => title)).toEqual(['by name'])
    expect(remote.blobs.size).toBe(1)
  })

  //
  it.each([
    [{ data: { provider: 'powerSync', config: {} } }, { section: 'data', provider: 'powerSync' }],
    [{ blobs: { provider: 'gcs', config: {} } }, { section: 'blobs', provider: 'gcs' }],
    [{ blobs: { primary: { provider: 'toString', config: {} } } }, { section: 'blobs', provider: 'toString' }],
  ])('are refused at once when nothing has registered them: %j', (options, details) => {
    expect(refusal(options)).toEqual({ code: 'PROVIDER_NOT_INSTALLED', ...details })
  })

  it('say themselves what is wrong with their options', () => {
    expect(refusal({ blobs: { provider: 'cloudflare-r2', config: { accountId: '…', bucket: 'media', presignEndpoint: '/api' } } })).toEqual({ code: 'CONFIG_INVALID', option: 'accountId' })
  })

  it.each([
    ['data', { data: 'electric-sql' }],
    ['blobs', { blobs: null }],
    ['cache', { cache: 'opfs' }],
    ['cache.backend', { cache: { backend: 'memory' } }],
    ['cahce', { cahce: {} }],
  ])('leave what is no choice to the engine, which names the option: %s', (option, options) => {
    expect(refusal(options)).toEqual({ code: 'CONFIG_INVALID', option })
  })

  it('may be mixed with providers, also among several stores', () => {
    const [url, accountId] = ['https://photos.example/blobs', '0123456789abcdef0123456789abcdef']
    expect(() => engine({
      data: { provider: 'yjs', config: { doc: new Doc() } },
      blobs: {
        primary: { provider: 'cloudflare-r2', config: { accountId, bucket: 'media', presignEndpoint: 'https://photos.example/api/media/presign' } },
        mirrors: [{ provider: 'http', config: { url } }, s3Blobs({ presignEndpoint: 'https://photos.example/s3', storeUrl: 'https://s3.example/media' })],
        durableOn: 'all',
      },
    })).not.toThrow()
    expect(() => engine({ data: yjsData({ doc: new Doc() }), blobs: { provider: 'tus', config: { endpoint: 'https://photos.example/files', source: httpBlobs({ url }) } } })).not.toThrow()
  })
})
