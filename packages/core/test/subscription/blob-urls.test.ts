import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BseError } from '../../src/errors.ts'
import { PLACEHOLDER_URL, type LiveQuery } from '../../src/subscription/index.ts'
import { watchObjectUrls, type ObjectUrls } from './object-urls.ts'
import { hashOf, openAlbum, photo, type Album, type Photo } from './photos.ts'

type Column = 'image' | 'audio'

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

function show(columns: readonly Column[] = ['image']): { readonly live: LiveQuery<Photo, Column>; readonly leave: () => void } {
  const live = album.subscriptions.live<Photo, Column>(album.photos, { includeBlobs: columns })
  return { live, leave: live.subscribe(() => undefined) }
}

function urlOf(live: LiveQuery<Photo, Column>, id = 'a', column: Column = 'image'): string | undefined {
  return live.getSnapshot().blobUrls[id]?.[column]
}

async function lent(live: LiveQuery<Photo, Column>, id = 'a', column: Column = 'image'): Promise<string> {
  return await vi.waitFor(() => {
    const url = urlOf(live, id, column)
    if (url === undefined || url === PLACEHOLDER_URL) throw new Error('not yet')
    return url
  })
}

/** Lets promises that are settled run their course. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

describe('a lent URL', () => {
  it('takes the place of the placeholder with the type of the reference', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc'], { type: 'text/plain' }))
    album.put(photo('a', hashOf(1)))
    const { live } = show()
    expect(urlOf(live)).toBe(PLACEHOLDER_URL)
    const url = await lent(live)
    expect(await (await fetch(url)).text()).toBe('abc')
    expect(urls.blobs.get(url)?.type).toBe('image/png')
  })

  it('is opened for the named columns only', async () => {
    for (const n of [1, 2]) album.access.bytes.set(hashOf(n), new Blob(['abc']))
    album.put(photo('a', hashOf(1), { audio: hashOf(2) }))
    const { live } = show(['audio'])
    await lent(live, 'a', 'audio')
    expect(album.access.opened).toEqual([hashOf(2)])
    expect(Object.keys(live.getSnapshot().blobUrls.a ?? {})).toEqual(['audio'])
  })

  it('is undefined and no error where the column is empty', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.put(photo('a', hashOf(1)))
    const { live } = show(['image', 'audio'])
    await lent(live)
    expect(live.getSnapshot().blobUrls.a).toEqual({ image: urls.created[0], audio: undefined })
    expect(live.getSnapshot().error).toBeUndefined()
    expect(album.warned).not.toHaveBeenCalled()
  })

  it('is one for a blob over rows, columns and queries', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.put(photo('a', hashOf(1)), photo('b', hashOf(1)))
    const { live } = show()
    const other = album.subscriptions.live<Photo, Column>(album.photos.limit(1), { includeBlobs: ['image'] })
    other.subscribe(() => undefined)
    expect(await lent(live)).toBe(await lent(other))
    expect(urlOf(live, 'b')).toBe(urlOf(live, 'a'))
    expect(urls.created).toHaveLength(1) // F-30
    expect(album.subscriptions.lentUrls).toBe(1)
  })

  it('is another one for another MIME type', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.put(photo('a', hashOf(1), { type: 'image/png' }), photo('b', hashOf(1), { type: 'image/jpeg' }))
    const { live } = show()
    expect(await lent(live, 'a')).not.toBe(await lent(live, 'b'))
    expect([...urls.blobs.values()].map(({ type }) => type).sort()).toEqual(['image/jpeg', 'image/png'])
  })

  it.each([
    ['text/html', 'application/octet-stream'],
    ['Application/XHTML+xml; charset=utf-8', 'application/octet-stream'],
    ['image/svg+xml', 'image/svg+xml'],
    ['', 'audio/ogg'],
  ])('of type "%s" is lent as %s', async (type, lentType) => {
    album.access.bytes.set(hashOf(1), new Blob(['abc'], { type: 'audio/ogg' }))
    album.put(photo('a', hashOf(1), { type }))
    expect(urls.blobs.get(await lent(show().live))?.type).toBe(lentType) // F-69
  })

  it('keeps its bytes pinned until it is revoked', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.put(photo('a', hashOf(1)))
    const { live, leave } = show()
    await lent(live)
    expect(album.access.pinned).toBe(1) // F-29
    leave()
    expect(urls.live.size).toBe(1)
    expect(album.access.pinned).toBe(1)
    album.clock.advance(60_000)
    expect(urls.live.size).toBe(0)
    expect(album.access.pinned).toBe(0)
  })

  it('is valid while anybody shows it', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.put(photo('a', hashOf(1)))
    const first = show()
    const url = await lent(first.live)
    const second = album.subscriptions.live<Photo, Column>(album.photos.limit(1), { includeBlobs: ['image'] })
    second.subscribe(() => undefined)
    first.leave()
    album.clock.advance(60_000)
    expect(urls.live).toContain(url)
    expect(second.getSnapshot().blobUrls.a?.image).toBe(url)
  })

  it('survives an unmount that is followed by a mount', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.put(photo('a', hashOf(1)))
    const { live, leave } = show()
    const url = await lent(live)
    leave()
    const again = show()
    album.clock.advance(60_000)
    expect(urlOf(again.live)).toBe(url)
    expect(urls.created).toHaveLength(1)
  })

  it('is revoked a grace after its row went or took another blob', async () => {
    for (const n of [1, 2, 3]) album.access.bytes.set(hashOf(n), new Blob([`${n}`]))
    album.put(photo('a', hashOf(1)), photo('b', hashOf(2)))
    const { live } = show()
    const [first, second] = [await lent(live, 'a'), await lent(live, 'b')]
    album.remove('a')
    album.put(photo('b', hashOf(3)))
    expect(urls.live).toContain(first)
    album.clock.advance(60_000)
    await lent(live, 'b')
    expect(urls.revoked.toSorted()).toEqual([first, second].toSorted())
  })

  it.each([true, false])('is never made when nobody waits for the bytes any more (abort heeded: %s)', async (heedsAbort) => {
    album.access.heedsAbort = heedsAbort
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.access.hold(hashOf(1))
    album.put(photo('a', hashOf(1)))
    const { leave } = show()
    await settle()
    leave()
    album.clock.advance(60_000)
    album.access.letGo()
    await settle()
    expect(urls.created).toEqual([])
    expect(album.access.pinned).toBe(0)
    expect(album.warned).not.toHaveBeenCalled()
  })

  it('is not left behind when the engine closes while it opens', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.access.hold(hashOf(1))
    album.put(photo('a', hashOf(1)))
    show()
    await settle()
    album.subscriptions.close()
    album.access.letGo()
    await settle()
    expect(urls.created).toEqual([])
    expect(album.access.pinned).toBe(0)
  })

  it('is not left behind when the engine closes in the moment it is made', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.put(photo('a', hashOf(1)))
    urls.onCreate = () => album.subscriptions.close()
    show()
    await vi.waitFor(() => expect(urls.revoked).toHaveLength(1))
    expect(urls.created).toHaveLength(1)
    expect(album.access.pinned).toBe(0)
  })

  it('goes over to another row that comes within the grace', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.put(photo('a', hashOf(1)))
    const { live } = show()
    const url = await lent(live)
    album.remove('a')
    album.put(photo('b', hashOf(1)))
    album.clock.advance(60_000)
    expect(urlOf(live, 'b')).toBe(url)
    expect(urls.live).toContain(url)
  })

  it('is given back when only a snapshot was taken', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.put(photo('a', hashOf(1)))
    const live = album.subscriptions.live<Photo, Column>(album.photos, { includeBlobs: ['image'] })
    await lent(live)
    album.clock.advance(60_000)
    expect(urls.live.size).toBe(0) // F-30
  })

  it('arrives together with others that arrive within a frame', async () => {
    for (let n = 0; n < 300; n++) {
      album.access.bytes.set(hashOf(n), new Blob([`${n}`]))
      album.put(photo(`p${n}`, hashOf(n)))
    }
    const live = album.subscriptions.live<Photo, Column>(album.photos, { includeBlobs: ['image'] })
    const listener = vi.fn()
    live.subscribe(listener)
    await vi.waitFor(() => expect(Object.values(live.getSnapshot().blobUrls).every(({ image }) => image?.startsWith('blob:'))).toBe(true))
    expect(listener).toHaveBeenCalledOnce()
  })

  it('waits a frame for others that are on their way, and no longer', async () => {
    for (const n of [1, 2]) album.access.bytes.set(hashOf(n), new Blob([`${n}`]))
    album.access.hold(hashOf(2))
    album.put(photo('a', hashOf(1)), photo('b', hashOf(2)))
    const { live } = show()
    const listener = vi.fn()
    live.subscribe(listener)
    await settle()
    expect(urls.created).toHaveLength(1)
    expect(listener).not.toHaveBeenCalled()
    album.clock.advance(20)
    expect(listener).toHaveBeenCalledOnce()
    expect(urlOf(live)).toBe(urls.created[0])
    album.access.letGo()
    await lent(live, 'b')
    expect(listener).toHaveBeenCalledTimes(2)
  })
})

describe('missing bytes', () => {
  it('leave the placeholder, are logged, and hide no row', async () => {
    album.access.bytes.set(hashOf(2), new Blob(['abc']))
    album.put(photo('a', hashOf(1)), photo('b', hashOf(2)))
    const { live } = show()
    await lent(live, 'b')
    expect(urlOf(live, 'a')).toBe(PLACEHOLDER_URL)
    album.access.failWith = new BseError('HASH_MISMATCH', 'test', { expected: hashOf(3), actual: undefined })
    album.put(photo('c', hashOf(3)))
    await vi.waitFor(() => expect(album.warned).toHaveBeenCalledOnce())
    expect(album.warned.mock.calls[0]?.[1]).toEqual({ hash: hashOf(3), reason: 'HASH_MISMATCH' })
    expect(live.getSnapshot()).toMatchObject({ error: undefined, blobUrls: { c: { image: PLACEHOLDER_URL } } })
    expect(live.getSnapshot().data).toHaveLength(3)
    expect(album.access.pinned).toBe(1)
  })

  it('are looked for again when their blob changed', async () => {
    album.put(photo('a', hashOf(1)), photo('b', hashOf(2)))
    const { live } = show()
    await settle()
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.subscriptions.blobChanged(hashOf(1))
    await lent(live)
    expect(album.access.opened).toEqual([hashOf(1), hashOf(2), hashOf(1)])
  })

  it('are not looked for again because another column changed', async () => {
    album.put(photo('a', hashOf(1)))
    show()
    await settle()
    album.put(photo('a', hashOf(1), { title: 'changed' }))
    await settle()
    expect(album.access.opened).toHaveLength(1)
  })

  it('are looked for once more when they came while being looked for', async () => {
    album.access.hold(hashOf(1))
    album.put(photo('a', hashOf(1)))
    const { live } = show()
    await settle()
    const get = album.access.bytes.get.bind(album.access.bytes)
    vi.spyOn(album.access.bytes, 'get').mockReturnValueOnce(undefined).mockImplementation(get)
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.subscriptions.blobChanged(hashOf(1))
    album.access.letGo()
    await lent(live)
    expect(album.access.opened).toHaveLength(2)
  })

  it('are all looked for again when the network is back', async () => {
    album.access.failWith = new BseError('NETWORK', 'test', { status: undefined })
    album.put(photo('a', hashOf(1)), photo('b', hashOf(2)))
    const { live } = show()
    await vi.waitFor(() => expect(album.warned).toHaveBeenCalledTimes(2))
    album.access.failWith = undefined
    for (const n of [1, 2]) album.access.bytes.set(hashOf(n), new Blob([`${n}`]))
    album.subscriptions.retryMissing()
    await lent(live, 'a')
    await lent(live, 'b')
  })
})

describe('the URL of a write that is not durable yet', () => {
  const pending = 'pending:0192'

  it('is there in the same moment as the row', () => {
    album.access.files.set(pending, new Blob(['abc']))
    album.put(photo('a', pending))
    const { live } = show()
    expect(urlOf(live)).toBe(urls.created[0])
    expect(album.access.opened).toEqual([])
  })

  it('stays the very same once the hash is known', async () => {
    album.access.files.set(pending, new Blob(['abc']))
    album.put(photo('a', pending))
    const { live } = show()
    const url = urlOf(live)
    album.subscriptions.adopt(pending, hashOf(1))
    expect(urlOf(live)).toBe(url)
    album.access.files.clear()
    album.put(photo('a', hashOf(1)))
    expect(urlOf(live)).toBe(url)
    album.clock.advance(60_000)
    await settle()
    expect(urlOf(live)).toBe(url)
    expect(urls.created).toHaveLength(1)
    expect(album.access.opened).toEqual([])
  })

  it('is the same for a query that begins before its row names the hash', () => {
    album.access.files.set(pending, new Blob(['abc']))
    album.put(photo('a', pending))
    const { live } = show()
    album.subscriptions.adopt(pending, hashOf(1))
    const late = album.subscriptions.live<Photo, Column>(album.photos.limit(1), { includeBlobs: ['image'] })
    expect(urlOf(late)).toBe(urlOf(live))
    expect(urls.created).toHaveLength(1) // F-30
  })

  it('is also lent to rows that name the hash already', async () => {
    album.access.hold(hashOf(1))
    album.access.files.set(pending, new Blob(['abc']))
    album.put(photo('a', pending), photo('b', hashOf(1)))
    const [mine, other] = ['a', 'b'].map((title) => album.subscriptions.live<Photo, Column>(album.photos.where({ title }), { includeBlobs: ['image'] }))
    const told = vi.fn()
    mine?.subscribe(() => undefined)
    other?.subscribe(told)
    album.subscriptions.adopt(pending, hashOf(1))
    await settle()
    expect(told).toHaveBeenCalledOnce()
    expect(other?.getSnapshot().blobUrls.b?.image).toBe(urls.created[0])
    expect(mine?.getSnapshot().blobUrls.a?.image).toBe(urls.created[0])
    album.access.letGo()
    await settle()
    expect(urls.created).toHaveLength(1) // F-30
    expect(album.access.pinned).toBe(0)
  })

  it('gives way to the URL that the same content has already', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.access.files.set(pending, new Blob(['abc']))
    album.put(photo('a', pending), photo('b', hashOf(1)))
    const { live } = show()
    const known = await lent(live, 'b')
    const provisional = urlOf(live, 'a') ?? ''
    album.subscriptions.adopt(pending, hashOf(1))
    album.put(photo('a', hashOf(1)))
    expect(urlOf(live, 'a')).toBe(known)
    expect(urls.live).toContain(provisional)
    album.clock.advance(60_000)
    expect([...urls.live]).toEqual([known]) // F-30
  })

  it('is taken over from a write whose file this tab does not have', async () => {
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.put(photo('a', pending))
    const { live } = show()
    expect(urlOf(live)).toBe(PLACEHOLDER_URL)
    album.subscriptions.adopt(pending, hashOf(1))
    await lent(live)
  })

  it('is given back when the write is taken back', () => {
    album.access.files.set(pending, new Blob(['abc']))
    album.put(photo('a', pending))
    show()
    album.remove('a')
    album.clock.advance(60_000)
    expect(urls.live.size).toBe(0)
    album.subscriptions.adopt(pending, hashOf(1))
    expect(urls.created).toHaveLength(1)
  })
})

describe('a signed URL', () => {
  const signedFor = (lifeMs: number, name: string): void => {
    album.access.signed = { url: `https://store.example/${name}`, expiresAtMs: album.clock.nowMs() + lifeMs }
  }

  it('stands in for bytes that cannot be held here, and is renewed in time', async () => {
    signedFor(100_000, 'first')
    album.put(photo('a', hashOf(1)))
    const { live } = show()
    expect(await lent(live)).toBe('https://store.example/first')
    album.clock.advance(79_000)
    signedFor(100_000, 'second')
    await settle()
    expect(urlOf(live)).toBe('https://store.example/first')
    album.clock.advance(2_000)
    await vi.waitFor(() => expect(urlOf(live)).toBe('https://store.example/second'))
  })

  it('is not renewed when nobody wants it fresh', async () => {
    signedFor(100_000, 'first')
    album.put(photo('a', hashOf(1)))
    const live = album.subscriptions.live<Photo, Column>(album.photos, { includeBlobs: ['image'], refreshUrls: false })
    live.subscribe(() => undefined)
    await lent(live)
    album.clock.advance(200_000)
    await settle()
    expect(album.access.opened).toHaveLength(1)
  })

  it('is not signed in a loop when the clock of the device is ahead', async () => {
    signedFor(-172_800_000, 'expired')
    album.put(photo('a', hashOf(1)))
    const { live } = show()
    await lent(live)
    album.clock.advance(29_000)
    await settle()
    expect(album.access.opened).toHaveLength(1) // F-32
  })

  it('gives way to the bytes when they come', async () => {
    signedFor(100_000, 'first')
    album.put(photo('a', hashOf(1)))
    const { live } = show()
    await lent(live)
    album.access.bytes.set(hashOf(1), new Blob(['abc']))
    album.subscriptions.blobChanged(hashOf(1))
    await vi.waitFor(() => expect(urlOf(live)).toBe(urls.created[0]))
    album.clock.advance(200_000)
    expect(album.access.opened).toHaveLength(2)
  })
})
