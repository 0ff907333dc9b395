import 'fake-indexeddb/auto'
import { randomBytes } from '@bse/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { counts, openFresh, put, WITHIN } from './tools.ts'

afterEach(() => vi.unstubAllGlobals())

/** The page's document hears of the freeze; what runs in it goes on here, which only makes it harder. */
function newPage(): EventTarget {
  const document = new EventTarget()
  vi.stubGlobal('document', document)
  return document
}

// F-15
describe('a page that is frozen in the middle of a transaction', () => {
  it('holds no other tab up, and does what it was about to do when it is thawed', async () => {
    const { store: other, namespace, reopen } = openFresh()
    const page = newPage()
    const store = reopen()
    await put(store, randomBytes(10))
    const original = IDBObjectStore.prototype.put
    const frozen = new Promise<void>((resolve) => {
      vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(function (this: IDBObjectStore, ...args) {
        const request = original.apply(this, args)
        page.dispatchEvent(new Event('freeze'))
        resolve()
        return request
      })
    })
    let isStaged = false
    const staging = store.stage(new Blob([randomBytes(5_000)])).then((staged) => {
      isStaged = true
      return staged
    })
    await frozen
    // Another tab writes and reads meanwhile.
    const theirs = await put(other, randomBytes(3_000))
    expect(await other.get(theirs.hash)).toBeDefined()
    expect(isStaged).toBe(false)
    expect(await counts(namespace)).toEqual({ blobs: 2, staging: 0, chunks: 2 })
    const reading = store.get(theirs.hash)
    page.dispatchEvent(new Event('resume'))
    const staged = await staging
    await store.publish(staged)
    expect((await store.get(staged.hash))?.size).toBe(5_000)
    expect((await reading)?.size).toBe(3_000)
    await vi.waitFor(async () => expect(await counts(namespace)).toEqual({ blobs: 3, staging: 0, chunks: 3 }), WITHIN)
  })
})
