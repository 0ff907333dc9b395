import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BseError } from '../../src/errors.ts'
import { createQuery } from '../../src/store/index.ts'
import { parseSchema } from '../../src/schema/index.ts'
import { PLACEHOLDER_URL } from '../../src/subscription/index.ts'
import { watchObjectUrls, type ObjectUrls } from './object-urls.ts'
import { hashOf, openAlbum, photo, type Album } from './photos.ts'

let album: Album
let urls: ObjectUrls

beforeEach(() => {
  urls = watchObjectUrls()
  album = openAlbum()
})
afterEach(() => {
  album.subscriptions.close()
  expect([...urls.live]).toEqual([])
  urls.restore()
})

describe('rows of a live query', () => {
  it('gives rows and their URLs together before anybody subscribes', () => {
    album.put(photo('a', hashOf(1)), photo('b', hashOf(2)))
    const snapshot = album.subscriptions.live(album.photos, { includeBlobs: ['image'] }).getSnapshot()
    expect(snapshot.data.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(snapshot.blobUrls).toEqual({ a: { image: PLACEHOLDER_URL }, b: { image: PLACEHOLDER_URL } })
    expect(Object.keys(snapshot).sort()).toEqual(['blobUrls', 'data', 'error', 'isLoading'])
  })

  it('shows a written row at once', () => {
    const live = album.subscriptions.live(album.photos, { includeBlobs: ['image'] })
    const listener = vi.fn()
    live.subscribe(listener)
    album.put(photo('a', hashOf(1)))
    expect(listener).toHaveBeenCalledOnce()
    expect(live.getSnapshot().data).toHaveLength(1)
  })

  it('has an entry for every row of each snapshot', async () => {
    const live = album.subscriptions.live(album.photos, { includeBlobs: ['image'] })
    const missing: string[] = []
    live.subscribe(() => {
      const { data, blobUrls } = live.getSnapshot()
      for (const { id } of data) if (blobUrls[id]?.image === undefined) missing.push(id)
      if (Object.keys(blobUrls).length !== data.length) missing.push('not the same rows')
    })
    for (let n = 0; n < 30; n++) {
      album.access.bytes.set(hashOf(n), new Blob([`${n}`]))
      album.put(photo(`p${n}`, hashOf(n)))
      if (n % 3 === 0) album.remove(`p${n - 2}`)
    }
    await vi.waitFor(() => expect(Object.values(live.getSnapshot().blobUrls).every((entry) => entry.image?.startsWith('blob:'))).toBe(true))
    expect(missing).toEqual([])
  })

  it('keeps the identity of what did not change', () => {
    album.put(photo('a', hashOf(1)), photo('b', hashOf(2)))
    const live = album.subscriptions.live(album.photos, { includeBlobs: ['image'] })
    live.subscribe(() => undefined)
    const before = live.getSnapshot()
    album.put(photo('a', hashOf(1)))
    expect(live.getSnapshot()).toBe(before)
    album.put(photo('b', hashOf(2), { title: 'changed' }))
    const after = live.getSnapshot()
    expect(after.data[0]).toBe(before.data[0])
    expect(after.blobUrls).toBe(before.blobUrls)
    album.put(photo('b', hashOf(3)))
    expect(live.getSnapshot().blobUrls.a).toBe(before.blobUrls.a)
  })

  it('keeps its snapshot over a pause in which nothing changed', () => {
    album.put(photo('a', hashOf(1)))
    const live = album.subscriptions.live(album.photos, { includeBlobs: ['image'] })
    const before = live.getSnapshot()
    album.clock.advance(60_000)
    expect(live.getSnapshot()).toBe(before)
  })

  it('has no entries left of rows that went while nobody looked', () => {
    album.put(photo('a', hashOf(1)))
    const live = album.subscriptions.live(album.photos, { includeBlobs: ['image'] })
    live.getSnapshot()
    album.clock.advance(60_000)
    album.remove('a')
    expect(live.getSnapshot()).toMatchObject({ data: [], blobUrls: {} })
    expect(Object.keys(live.getSnapshot().blobUrls)).toEqual([])
  })

  it('shows all live queries the same moment while they are told', () => {
    const all = album.subscriptions.live(album.photos)
    const titled = album.subscriptions.live(album.photos.where({ title: 'a' }))
    const seen: string[] = []
    const look = (): void => void seen.push(`${all.getSnapshot().data.length}/${titled.getSnapshot().data.length}`)
    all.subscribe(look)
    titled.subscribe(look)
    album.put(photo('a', hashOf(1)))
    expect(seen).toEqual(['1/1', '1/1']) // F-95
  })

  it('tells of a change that a listener has seen early', () => {
    const first = album.subscriptions.live(album.photos)
    const second = album.subscriptions.live(album.photos.where({ title: 'a' }))
    const told = vi.fn()
    first.subscribe(() => void second.getSnapshot())
    second.subscribe(told)
    album.put(photo('a', hashOf(1)))
    expect(told).toHaveBeenCalledOnce()
  })

  it('is one object for equal queries and columns in any order', () => {
    const { subscriptions, photos } = album
    const live = subscriptions.live(photos.where({ title: 'x' }), { includeBlobs: ['image', 'audio'] })
    live.subscribe(() => undefined)
    expect(subscriptions.live(photos.where({ title: 'x' }), { includeBlobs: ['audio', 'image', 'image'] })).toBe(live)
    expect(subscriptions.live(photos.where({ title: 'y' }), { includeBlobs: ['audio', 'image'] })).not.toBe(live)
    expect(subscriptions.live(photos.where({ title: 'x' }), { includeBlobs: ['image'] })).not.toBe(live)
    expect(subscriptions.live(photos.where({ title: 'x' }), { includeBlobs: ['image', 'audio'], refreshUrls: false })).not.toBe(live)
  })

  it('calls a listener as often as it was subscribed and never after', () => {
    const live = album.subscriptions.live(album.photos)
    const listener = vi.fn()
    const leave = [live.subscribe(listener), live.subscribe(listener)]
    leave[0]?.()
    leave[0]?.()
    album.put(photo('a', hashOf(1)))
    expect(listener).toHaveBeenCalledOnce()
    leave[1]?.()
    album.put(photo('b', hashOf(1)))
    expect(listener).toHaveBeenCalledOnce() // F-95
  })

  it('stops watching the store a grace after the last left', () => {
    const close = vi.fn()
    const observe = album.store.observe.bind(album.store)
    vi.spyOn(album.store, 'observe').mockImplementation((query, listener) => {
      const observed = observe(query, listener)
      return { rows: observed.rows, close: () => (close(), observed.close()) }
    })
    const live = album.subscriptions.live(album.photos)
    live.subscribe(() => undefined)()
    live.subscribe(() => undefined)()
    expect(album.store.observe).toHaveBeenCalledOnce()
    expect(close).not.toHaveBeenCalled()
    album.clock.advance(60_000)
    expect(close).toHaveBeenCalledOnce()
    expect(album.clock.waiting).toBe(0)
  })

  it('finds rows by ids that every object has', () => {
    album.put(photo('__proto__', hashOf(1)), photo('constructor', hashOf(2)))
    const { blobUrls } = album.subscriptions.live(album.photos, { includeBlobs: ['image'] }).getSnapshot()
    expect(Object.keys(blobUrls).sort()).toEqual(['__proto__', 'constructor'])
    expect(({} as { image?: unknown }).image).toBeUndefined() // F-85
  })
})

describe('loading and errors of a live query', () => {
  it('is loading until the rows of this device are read', () => {
    const starting = openAlbum({ isReady: false })
    const live = starting.subscriptions.live(starting.photos)
    const listener = vi.fn()
    live.subscribe(listener)
    expect(live.getSnapshot()).toMatchObject({ data: [], isLoading: true, error: undefined })
    starting.store.markReady()
    expect(listener).toHaveBeenCalledOnce()
    expect(live.getSnapshot()).toMatchObject({ data: [], isLoading: false })
    starting.subscriptions.close()
  })

  it('reports an invalid query and shows no rows', () => {
    const other = parseSchema({ notes: { id: 'string' } } as const).tables.get('notes')
    if (other === undefined) throw new Error('no table')
    const snapshot = album.subscriptions.live(createQuery(other)).getSnapshot()
    expect(snapshot).toMatchObject({ data: [], isLoading: false, error: { code: 'QUERY_INVALID' } })
  })

  it('shows what stopped syncing beside the rows', () => {
    album.put(photo('a', hashOf(1)))
    const live = album.subscriptions.live(album.photos)
    const listener = vi.fn()
    live.subscribe(listener)
    album.subscriptions.setError(new BseError('UNAUTHORIZED', 'test', {}))
    expect(live.getSnapshot()).toMatchObject({ isLoading: false, error: { code: 'UNAUTHORIZED' } })
    expect(live.getSnapshot().data).toHaveLength(1)
    album.subscriptions.setError(undefined)
    expect(live.getSnapshot().error).toBeUndefined()
    expect(listener).toHaveBeenCalledTimes(2)
  })

  it('ends with an error and without rows on close', () => {
    album.put(photo('a', hashOf(1)))
    const live = album.subscriptions.live(album.photos, { includeBlobs: ['image'] })
    const idle = album.subscriptions.live(album.photos)
    const listener = vi.fn()
    live.subscribe(listener)
    album.subscriptions.close()
    expect(listener).toHaveBeenCalledOnce()
    for (const query of [live, idle, album.subscriptions.live(album.photos)]) {
      expect(query.getSnapshot()).toMatchObject({ data: [], isLoading: false, error: { code: 'CLOSED' } })
      expect(query.getSnapshot()).toBe(query.getSnapshot())
    }
  })

  it('tells the other listeners when one throws', () => {
    const told = vi.fn()
    const live = album.subscriptions.live(album.photos)
    live.subscribe(() => {
      throw new Error('from the app')
    })
    live.subscribe(told)
    album.put(photo('a', hashOf(1)))
    expect(told).toHaveBeenCalledOnce()
    expect(album.failed).toHaveBeenCalledOnce()
  })
})
