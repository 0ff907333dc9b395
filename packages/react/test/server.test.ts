import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { useSync } from '@bse/react'
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
