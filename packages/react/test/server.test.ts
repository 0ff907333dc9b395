import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { createSyncEngine } from '@bse/core'
import { memoryCache } from '@bse/core/memory'
import { FakeRemote, fakeBlobs, fakeData } from '@bse/core/testing'
import { BlobImage, SyncProvider, useCacheStats, useSync, useSyncStatus } from '@bse/react'
import { expect, it, vi } from 'vitest'
import { openAlbum, png } from './album.ts'

it('renders as loading on a server and holds nothing', async () => {
  const album = await openAlbum()
  await album.sync.photos.insert({ title: 'a', image: png('a') })
  const create = vi.spyOn(URL, 'createObjectURL')
  const Photos = (): string => {
    const { data, isLoading } = useSync(album.photos(), { includeBlobs: ['image'] })
    return `${data.length} rows, ${isLoading ? 'loading' : 'here'}`
  }
  expect(renderToString(createElement(Photos))).toBe('0 rows, loading')
  expect(create).not.toHaveBeenCalled()
  expect(album.counts.subscribed).toBe(0)
  await album.sync.close()
})

it('renders below a provider over the inert engine of a server', () => {
  const remote = new FakeRemote()
  const adapters = { data: fakeData(remote), blobs: fakeBlobs(remote), cache: { backend: memoryCache() } }
  const sync = createSyncEngine({ schema: { photos: { id: 'uuid', image: { type: 'blob' } } }, ...adapters })
  const Photos = (): string => {
    const { data, isLoading } = useSync(sync.photos.where({}), { includeBlobs: ['image'] })
    const { online, pending } = useSyncStatus<typeof sync>()
    return `${data.length} rows, ${isLoading ? 'loading' : 'here'}, ${online ? 'online' : 'offline'}, ${pending.length} pending`
  }
  const page = createElement(SyncProvider, { engine: sync }, createElement(Photos))
  expect(renderToString(page)).toBe('0 rows, loading, online, 0 pending')
})

it('renders pictures as their placeholder on a server, and asks for none', async () => {
  const album = await openAlbum()
  const { image } = await album.sync.photos.insert({ title: 'a', image: png('a') })
  const Stats = (): string => String(useCacheStats())
  const children = [createElement(BlobImage, { key: 'a', blob: image, alt: 'a', placeholder: '/grey.png' }), createElement(Stats, { key: 'stats' })]
  expect(renderToString(createElement(SyncProvider, { engine: album.sync, children }))).toMatch(/<img alt="a" src="\/grey.png" data-blob="loading"\/>undefined$/)
  expect(album.counts.opened).toBe(0)
  await album.sync.close()
})
