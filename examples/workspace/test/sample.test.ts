import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startServer } from '@bse/server/node'
import { blob, defineWorkspace, id } from '@bse/core'
import { openDevice } from '../src/device.ts'

const workspace = defineWorkspace({
  tables: {
    posts: {
      id: id(),
      coverImage: blob({
        mimeTypes: ['image/*'], // Optional validation
        maxSize: 10_000_000, // 10MB max (default)
      }),
    },
  },
})

const PIXEL = new Uint8Array(Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'))
const WAIT = { timeout: 45_000, interval: 50 }

// Against the document: `client` and `tables` are declared, `upsert` is marked as not awaited, and an image that nobody has is thought of.
// E-012 E-061 E-082 E-083 X-014 X-020
it('brings a post and its image from one device by a server to another', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bse-workspace-'))
  const server = await startServer({ dataDirectory: join(directory, 'server') })
  const one = openDevice(workspace, { name: 'one', server: server.url, directory: join(directory, 'one') })
  const two = openDevice(workspace, { name: 'two', server: server.url, directory: join(directory, 'two') })
  onTestFinished(async () => {
    await Promise.all([one.close(), two.close()])
    await server.close()
    await rm(directory, { recursive: true, force: true })
  })
  await one.ready
  const imageFile = new File([PIXEL], 'pixel.png', { type: 'image/png' })
  const client = one
  const { tables } = client
  let url = ''

  // 1. Upload a file and get its content hash
  const put = await client.blobs.put(imageFile)

  // 2. Store the hash in a table row
  void tables.posts.upsert({ id: 'p1', coverImage: put })

  // 3. Later, retrieve the hash from the row and get the actual data
  const post = tables.posts.get({ id: 'p1' })
  if (post.status === 'valid') {
    const image = await client.blobs.get(post.row.coverImage)
    if (image !== null) url = URL.createObjectURL(image)
  }
  expect(url).toMatch(/^blob:/)
  URL.revokeObjectURL(url)

  const hash = await vi.waitFor(() => {
    const post = two.tables.posts.get({ id: 'p1' })
    if (post.status !== 'valid') throw new Error(post.status)
    return post.row.coverImage
  }, WAIT)
  const image = await two.blobs.get(hash)
  expect(image?.type).toBe('image/png')
  expect(await image?.bytes()).toEqual(PIXEL)
  expect(await filesBelow(join(directory, 'two'))).toContain(hash.replace(':', '-'))
}, 90_000)

async function filesBelow(directory: string): Promise<readonly string[]> {
  return (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name)
}
