import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PLACEHOLDER_URL, type LiveBlob } from '../../src/subscription/index.ts'
import { watchObjectUrls, type ObjectUrls } from './object-urls.ts'
import { hashOf, openAlbum, type Album } from './photos.ts'

let album: Album
let urls: ObjectUrls

beforeEach(() => {
  urls = watchObjectUrls()
  album = openAlbum()
})
afterEach(() => {
  album.subscriptions.close()
  expect(urls.revoked.toSorted()).toEqual(urls.created.toSorted()) // F-30
  expect(album.clock.waiting).toBe(0)
  urls.restore()
})

function reference(n: number): { readonly hash: string; readonly sizeBytes: number; readonly type: string } {
  return { hash: hashOf(n), sizeBytes: 3, type: 'image/png' }
}

async function reaches(live: LiveBlob, state: 'ready' | 'missing'): Promise<string> {
  await vi.waitFor(() => expect(live.getSnapshot().state).toBe(state))
  return live.getSnapshot().url
}

describe('a live blob', () => {
  it('has a URL while somebody listens, and asks for nothing before', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    const live = album.subscriptions.blob(reference(1))
    expect(live.getSnapshot()).toEqual({ url: PLACEHOLDER_URL, state: 'loading' })
    expect(album.access.opened).toEqual([])
    const leave = live.subscribe(() => undefined)
    const url = await reaches(live, 'ready')
    expect(await (await fetch(url)).text()).toBe('abc')
    expect(live.getSnapshot()).toBe(live.getSnapshot())
    leave()
    leave()
    album.clock.advance(5_000)
    expect(urls.revoked).toEqual([url])
    expect(live.getSnapshot()).toEqual({ url: PLACEHOLDER_URL, state: 'loading' })
  })

  it('is missing while nobody has its bytes, is asked for three times more, and then when it is told to', async () => {
    const live = album.subscriptions.blob(reference(1))
    const listener = vi.fn()
    const leave = live.subscribe(listener)
    for (let tries = 1; tries <= 4; tries++) {
      await vi.waitFor(() => expect(album.access.opened).toHaveLength(tries))
      await reaches(live, 'missing')
      album.clock.advance(60_000)
    }
    expect(album.access.opened).toHaveLength(4)
    expect(album.clock.waiting).toBe(0)
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    live.retry()
    expect(live.getSnapshot().state).toBe('loading')
    await reaches(live, 'ready')
    expect(listener).toHaveBeenCalled()
    leave()
    album.clock.advance(5_000)
  })

  it('shows bytes that came later, and waits for nothing once nobody listens', async () => {
    const live = album.subscriptions.blob(hashOf(1))
    const leave = live.subscribe(() => undefined)
    await reaches(live, 'missing')
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.subscriptions.blobChanged(hashOf(1))
    await reaches(live, 'ready')
    leave()
    const missing = album.subscriptions.blob(reference(2))
    const leaveMissing = missing.subscribe(() => undefined)
    await reaches(missing, 'missing')
    leaveMissing()
    album.clock.advance(5_000)
    expect(album.access.opened.filter((hash) => hash === hashOf(2))).toHaveLength(1)
  })

  it('stays loading for what names no blob', () => {
    const live = album.subscriptions.blob('no hash')
    live.subscribe(() => undefined)()
    expect(live.getSnapshot().state).toBe('loading')
    expect(album.access.opened).toEqual([])
  })
})
