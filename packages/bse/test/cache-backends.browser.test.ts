import { createSyncEngine } from 'blob-sync-engine'
import { idbCache } from '@bse/cache-idb'
import { opfsCache } from '@bse/cache-opfs'
import type { CacheFactory } from '@bse/core/provider'
import { FakeRemote, fakeBlobs, fakeData, randomBytes } from '@bse/core/testing'
import { expect, it, onTestFinished } from 'vitest'

const schema = { photos: { id: 'uuid', image: { type: 'blob' } } } as const
const LIMIT_BYTES = 64_000
const SIZES = [100, LIMIT_BYTES, LIMIT_BYTES + 1, 300_000]

async function sizesIn(open: CacheFactory, name: string): Promise<readonly number[]> {
  const store = open(name)
  const sizes: number[] = []
  for await (const { sizeBytes } of store.list()) sizes.push(sizeBytes)
  await store.close()
  return sizes.sort((a, b) => a - b)
}

// R-040 R-041 R-042 R-170
it.each([
  ['opfs', { opfs: SIZES, indexeddb: [] }],
  ['indexeddb', { opfs: [], indexeddb: SIZES }],
  ['hybrid', { opfs: [LIMIT_BYTES + 1, 300_000], indexeddb: [] }],
  [undefined, { opfs: [LIMIT_BYTES + 1, 300_000], indexeddb: [] }],
] as const)('the cache named %s keeps each blob where it says, in small and in large, and gives it back offline', async (backend, expected) => {
  const [name, remote] = [`test-${crypto.randomUUID()}`, new FakeRemote()]
  remote.fault = () => 'fail-before'
  const sync = createSyncEngine({ name, schema, ...(backend === undefined ? {} : { cache: { backend } }), blobs: fakeBlobs(remote), data: fakeData(remote) })
  onTestFinished(async () => {
    await sync.close()
    for (const store of [opfsCache()(name), idbCache()(name)]) await store.destroy()
    indexedDB.deleteDatabase(`bse:${name}`)
  })
  for (const size of SIZES) {
    const bytes = randomBytes(size)
    const { image } = await sync.photos.insert({ image: new Blob([bytes]) })
    expect(await (await sync.blobs.get(image))?.bytes()).toEqual(bytes)
  }
  expect({ opfs: await sizesIn(opfsCache(), name), indexeddb: await sizesIn(idbCache(), name) }).toEqual(expected)
})
