import { describe, expect, it } from 'vitest'
import { ProvisionalBlobs } from '../../src/mutation/provisional.ts'
import { blobHashFromHex, type BlobRef } from '../../src/wire/index.ts'

const ids = { nowMs: () => 0, randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
const hashed: BlobRef = { hash: blobHashFromHex('a'.repeat(64)), sizeBytes: 3, type: 'image/png', name: 'beach.png' }

describe('a provisional name', () => {
  it('is true for its own write as soon as it is hashed', async () => {
    const blobs = new ProvisionalBlobs()
    const shown = blobs.add(ids, new Blob(['abc']), 'beach.png', Promise.resolve(hashed), new Promise(() => undefined))
    expect(await blobs.resolve({ image: shown }, [shown.hash])).toEqual({ image: hashed })
  })

  it('makes another write wait until its own is committed', async () => {
    const blobs = new ProvisionalBlobs()
    const commit = Promise.withResolvers<void>()
    const shown = blobs.add(ids, new Blob(['abc']), 'beach.png', Promise.resolve(hashed), commit.promise)
    let resolved: unknown
    const resolving = blobs.resolve({ image: { ...shown, name: 'copy.png' } }, []).then((values) => { resolved = values })
    await Promise.resolve(hashed)
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    expect(resolved).toBeUndefined()
    commit.resolve()
    await resolving
    expect(resolved).toEqual({ image: { ...hashed, name: 'copy.png' } })
  })

  it('is found although it is forgotten while the answer is awaited', async () => {
    const blobs = new ProvisionalBlobs()
    const commit = Promise.withResolvers<void>()
    const shown = blobs.add(ids, new Blob(['abc']), undefined, Promise.resolve(hashed), commit.promise)
    const resolving = blobs.resolve({ note: 'x', image: shown }, [])
    blobs.remove(shown.hash)
    commit.resolve()
    expect(await resolving).toMatchObject({ image: { hash: hashed.hash } })
  })

  it('is left out of what was seen when its write was taken back', async () => {
    const blobs = new ProvisionalBlobs()
    const shown = blobs.add(ids, new Blob(['abc']), undefined, Promise.resolve(hashed), Promise.reject(new Error('no room')))
    expect(await blobs.resolveSeen({ title: 'x', image: shown }, [])).toEqual({ title: 'x' })
    await expect(blobs.resolve({ image: shown }, [])).rejects.toThrow('no room')
  })
})
