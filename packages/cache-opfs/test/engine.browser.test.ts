import { createSyncEngine } from '@bse/core'
import { FakeRemote, fakeBlobs, fakeData, randomBytes } from '@bse/core/testing'
import { expect, it, onTestFinished } from 'vitest'
import { opfsCache } from '../src/index.ts'

const schema = { photos: { id: 'uuid', image: { type: 'blob' } } } as const

/** By the browser's own interface, without any of ours. */
async function fileInOpfs(namespace: string, name: string): Promise<File> {
  const root = await navigator.storage.getDirectory()
  const bse = await root.getDirectoryHandle('bse')
  const blobs = await (await bse.getDirectoryHandle(namespace)).getDirectoryHandle('blobs')
  return (await blobs.getFileHandle(name)).getFile()
}

// R-094 R-095 R-201
it('has the bytes of an insert in the origin private file system when it resolves, though no server answers', async () => {
  const [name, remote] = [`test-${crypto.randomUUID()}`, new FakeRemote()]
  remote.fault = () => 'fail-before'
  const sync = createSyncEngine({ name, schema, cache: { backend: opfsCache() }, blobs: fakeBlobs(remote), data: fakeData(remote) })
  onTestFinished(async () => {
    await sync.close()
    await opfsCache()(name).destroy()
    indexedDB.deleteDatabase(`bse:${name}`)
  })
  const bytes = randomBytes(300_000)
  const { image } = await sync.photos.insert({ image: new Blob([bytes], { type: 'image/jpeg' }) })
  const file = await fileInOpfs(name, image.hash.replace(':', '-'))
  expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes)
  expect(remote.blobs.size).toBe(0)
})
