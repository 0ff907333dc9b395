import { describe, expect, it } from 'vitest'
import type { BlobProvider } from '../src/provider/index.ts'
import { blobProviderCases, blobProviderSuite, runBlobCase, type BlobProviderSubject } from '../src/testing/index.ts'
import type { BlobHash } from '../src/wire/index.ts'
import { brokenBlobs, type BrokenBlobs } from './suite-catches/broken-blobs.ts'
import { memoryBlobs, type MemoryBlobs } from './suite-catches/memory-blobs.ts'

/** Providers of one store share it, as they would a bucket. */
function inMemory(spoil: (healthy: MemoryBlobs) => Partial<BlobProvider> = () => ({})): BlobProviderSubject {
  const stores = new Map<string, Map<BlobHash, Blob>>()
  const open = async (store: string): Promise<{ readonly provider: BlobProvider }> => {
    const stored = stores.get(store) ?? new Map<BlobHash, Blob>()
    stores.set(store, stored)
    const healthy = memoryBlobs(stored)
    return { provider: { ...healthy, ...spoil(healthy) } }
  }
  return { name: 'memory', open }
}

/** What the case says of this provider; `undefined` when it notices nothing. */
async function verdict({ caughtBy, spoil }: BrokenBlobs): Promise<unknown> {
  const suiteCase = blobProviderCases.find(({ name }) => name === caughtBy)
  if (suiteCase === undefined) throw new Error(`no such case: ${caughtBy}`)
  return runBlobCase(suiteCase, inMemory(spoil)).then(() => undefined, (error: unknown) => error)
}

blobProviderSuite({ describe, it }, inMemory())

describe('the BlobProvider suite', () => {
  it.each(brokenBlobs.map((how, n) => [how.caughtBy, n, how] as const))('catches by "%s" (%i)', async (_name, _n, how) => {
    expect(await verdict(how)).toBeInstanceOf(Error)
  })

  it('has a broken provider for every case', () => {
    expect(blobProviderCases.map(({ name }) => name).filter((name) => !brokenBlobs.some(({ caughtBy }) => caughtBy === name))).toEqual([])
  })
})
