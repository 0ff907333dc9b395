import { expect, it, vi } from 'vitest'
import { createSyncEngine } from '../../src/index.ts'
import { memoryCache, memoryState } from '../../src/memory/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'

const schema = { photos: { id: 'uuid', image: { type: 'blob', mimeTypes: ['image/*'] } } } as const

async function picture(): Promise<Blob> {
  const canvas = new OffscreenCanvas(3, 2)
  canvas.getContext('2d')?.fillRect(0, 0, 3, 2)
  return canvas.convertToBlob({ type: 'image/png' })
}

// R-146 X-009
it('loads the URL of a finished upload into an <img>', async () => {
  const remote = new FakeRemote()
  const sync = createSyncEngine({
    name: crypto.randomUUID(), schema, state: memoryState(), cache: { backend: memoryCache() }, blobs: fakeBlobs(remote), data: fakeData(remote),
  })
  const urls: string[] = []
  sync.on('uploadComplete', ({ url }) => urls.push(url))
  await sync.photos.insert({ image: await picture() })
  await vi.waitFor(() => expect(urls).toHaveLength(1))
  const image = new Image()
  image.src = urls[0] ?? ''
  await image.decode()
  expect([image.naturalWidth, image.naturalHeight]).toEqual([3, 2])
  await sync.close()
})
