import { StrictMode, type ReactElement } from 'react'
import { flushSync } from 'react-dom'
import { createRoot, type Root } from 'react-dom/client'
import { PLACEHOLDER_URL } from '@bse/core'
import { BlobImage, SyncProvider, useBlobUrl, useCacheStats, usePrefetchVisible, useSync, type BlobImageProps } from '@bse/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openAlbum, png, type Album, type Photo } from './album.ts'
import { watchObjectUrls, type ObjectUrls } from './object-urls.ts'

let album: Album
let urls: ObjectUrls
let container: HTMLElement
let root: Root
let complaints: ReturnType<typeof vi.spyOn>

beforeEach(async () => {
  urls = watchObjectUrls()
  complaints = vi.spyOn(console, 'error')
  album = await openAlbum()
  container = document.body.appendChild(document.createElement('main'))
  root = createRoot(container)
})
afterEach(async () => {
  root.unmount()
  album.clock.skip()
  expect(urls.revoked.toSorted()).toEqual(urls.created.toSorted()) // F-30
  expect(complaints).not.toHaveBeenCalled()
  await album.sync.close()
  container.remove()
  urls.restore()
  complaints.mockRestore()
  window.scrollTo(0, 0)
})

/** Renders, and runs the effects of it. */
function show(element: ReactElement): void {
  flushSync(() => root.render(<StrictMode><SyncProvider engine={album.sync}>{element}</SyncProvider></StrictMode>))
  flushSync(() => undefined)
}

async function received(...ids: readonly string[]): Promise<readonly Photo[]> {
  const before = await album.sync.photos.count()
  for (const id of ids) await album.receive(id)
  await vi.waitFor(async () => expect(await album.sync.photos.count()).toBe(before + ids.length))
  return await Promise.all(ids.map(async (id) => found(await album.sync.photos.get(id))))
}

function found<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('not there')
  return value
}

function image(): HTMLImageElement {
  return found(container.querySelector('img'))
}

async function reaches(state: string): Promise<void> {
  await vi.waitFor(() => expect(container.querySelector('[data-blob]')?.getAttribute('data-blob')).toBe(state))
}

async function drawn(): Promise<void> {
  await vi.waitFor(() => expect([image().src.startsWith('blob:'), image().complete, image().naturalWidth]).toEqual([true, true, 1]))
}

async function cached(items: number): Promise<void> {
  await vi.waitFor(async () => expect((await album.sync.cache.stats()).items).toBe(items))
}

/** As far below the window as given, in heights of it. */
function Below({ windows, children }: { readonly windows: number; readonly children: ReactElement }): ReactElement {
  return <div><div style={{ height: `${windows * 100}vh` }} />{children}</div>
}

describe('BlobImage', () => {
  it('shows its placeholder, and then the picture fading in, once', async () => {
    const [photo] = await received('a')
    const gate = Promise.withResolvers<void>()
    album.gate = gate.promise
    const animate = vi.spyOn(Element.prototype, 'animate')
    const picture = (): ReactElement => <BlobImage blob={found(photo).image} alt="a" className="round" placeholder={PLACEHOLDER_URL} fadeInMs={5} />
    show(picture())
    await reaches('loading')
    await vi.waitFor(() => expect(album.counts.opened).toBe(1))
    expect(image()).toMatchObject({ src: PLACEHOLDER_URL, alt: 'a', className: 'round' })
    expect(animate).not.toHaveBeenCalled()
    gate.resolve()
    await drawn()
    await vi.waitFor(() => expect(animate).toHaveBeenCalledWith([{ opacity: 0 }, { opacity: 1 }], { duration: 5 }))
    show(picture())
    expect(animate).toHaveBeenCalledOnce()
    animate.mockRestore()
  })

  it('shows nothing for an empty cell', () => {
    show(<BlobImage blob={null} alt="" />)
    expect(container.textContent).toBe('')
    expect(container.querySelector('img')).toBeNull()
  })

  it('shows a new picture at once, and keeps its very URL when it got its hash', async () => {
    const sources: string[] = []
    const Titled = (): ReactElement => {
      const { data } = useSync(album.photos())
      return <div>{data.map(({ id, image: blob }) => <BlobImage key={id} blob={blob} alt="" />)}</div>
    }
    show(<Titled />)
    const seen = new MutationObserver(() => {
      const src = container.querySelector('img')?.src
      if (src !== undefined && sources.at(-1) !== src) sources.push(src)
    })
    seen.observe(container, { subtree: true, childList: true, attributes: true })
    const write = album.sync.photos.insert({ title: 'mine', image: png('mine') })
    await drawn()
    await write.synced
    await drawn()
    seen.disconnect()
    expect(sources.filter((src) => src.startsWith('blob:'))).toHaveLength(1)
  })

  it('lets the person try again for what cannot be had', async () => {
    const [photo] = await received('a')
    album.remote.fault = (call) => (call === 'open' ? 'fail-before' : 'pass')
    show(<BlobImage blob={found(photo).image} alt="a" fallback={(retry) => <button onClick={retry}>again</button>} />)
    await reaches('missing')
    const opened = album.counts.opened
    expect(found(container.querySelector('button')).textContent).toBe('again')
    album.remote.fault = () => 'pass'
    found(container.querySelector('button')).click()
    await drawn()
    expect(album.counts.opened).toBe(opened + 1)
    expect(container.querySelector('button')).toBeNull()
  })

  it('tries again by itself, and keeps the placeholder meanwhile', async () => {
    const [photo] = await received('a')
    album.remote.fault = (call) => (call === 'open' ? 'fail-before' : 'pass')
    show(<BlobImage blob={found(photo).image} alt="a" />)
    await reaches('missing')
    expect(image().src).toBe(PLACEHOLDER_URL)
    album.remote.fault = () => 'pass'
    await vi.waitFor(() => {
      album.clock.skip()
      expect(image().getAttribute('data-blob')).toBe('ready')
    })
    await drawn()
  })

  it('says of bytes that are no picture that there is none', async () => {
    await album.receive('text', new Blob(['no picture']))
    await vi.waitFor(async () => expect(await album.sync.photos.count()).toBe(1))
    const text = found(await album.sync.photos.get('text'))
    const onError = vi.fn<NonNullable<BlobImageProps['onError']>>()
    show(<BlobImage blob={text.image} alt="" fallback={() => 'broken'} onError={onError} />)
    await vi.waitFor(() => expect(container.textContent).toBe('broken'))
    expect(onError).toHaveBeenCalled()
  })

  // R-049 R-185
  it('asks for what is in view, prefetches what is near, leaves alone what is far, and follows the person there', async () => {
    const [here, near, far] = await received('here', 'near', 'far')
    show(
      <div>
        <BlobImage blob={found(here).image} alt="here" />
        <Below windows={1.5}><BlobImage blob={found(near).image} alt="near" /></Below>
        <Below windows={4}><BlobImage blob={found(far).image} alt="far" /></Below>
      </div>,
    )
    await drawn()
    await cached(2)
    const states = (): readonly (string | null)[] => [...container.querySelectorAll('img')].map((one) => one.getAttribute('data-blob'))
    expect(states()).toEqual(['ready', 'loading', 'loading'])
    expect(album.counts.opened).toBe(2)
    window.scrollTo(0, document.documentElement.scrollHeight)
    await vi.waitFor(() => expect(states()[2]).toBe('ready'))
    // What was shown stays, though it left the view.
    expect(states()[0]).toBe('ready')
    await cached(3)
  })
})

describe('usePrefetchVisible', () => {
  function Row({ id }: { readonly id: string }): ReactElement {
    return <p ref={usePrefetchVisible(id)}>{id}</p>
  }

  // R-048 R-049
  it('brings the blobs of a row that is in view to this device, without showing them', async () => {
    await received('a', 'far')
    show(<div><Row id="a" /><Below windows={5}><Row id="far" /></Below></div>)
    await cached(1)
    expect(urls.created).toEqual([])
    expect(album.counts.opened).toBe(1)
  })

  it('gives up what left the page before its bytes came', async () => {
    const [photo] = await received('a')
    const aborted = Promise.withResolvers<void>()
    album.gate = aborted.promise
    show(<Row id="a" />)
    await vi.waitFor(() => expect(album.counts.opened).toBe(1))
    show(<p />)
    album.gate = undefined
    aborted.resolve()
    expect((await album.sync.cache.stats()).items).toBe(0)
    expect((await album.sync.blobs.get(found(photo).image))?.size).toBeGreaterThan(0)
    await cached(1)
    expect(album.counts.opened).toBe(2)
  })
})

describe('useBlobUrl', () => {
  it('has the URL of a reference written anew in each render, and gives it back', async () => {
    const [photo] = await received('a')
    const seen: string[] = []
    const Url = ({ wanted }: { readonly wanted: boolean }): string => {
      const { url, state } = useBlobUrl({ ...found(photo).image }, { isWanted: wanted })
      seen.push(state)
      return url ?? ''
    }
    show(<Url wanted={false} />)
    expect(container.textContent).toBe(PLACEHOLDER_URL)
    expect(album.counts.opened).toBe(0)
    for (let n = 0; n < 5; n++) show(<Url wanted />)
    await vi.waitFor(() => expect(seen.at(-1)).toBe('ready'))
    expect(container.textContent).toMatch(/^blob:/)
    expect(album.counts.opened).toBe(1)
    show(<Url wanted={false} />)
    album.clock.skip()
    expect(urls.live.size).toBe(0)
  })
})

describe('useCacheStats', () => {
  // R-130 R-132
  it('follows what is on this device', async () => {
    const Stats = (): string => {
      const stats = useCacheStats()
      return stats === undefined ? 'unknown' : `${stats.items} blobs, ${stats.pending} pending`
    }
    show(<Stats />)
    expect(container.textContent).toBe('unknown')
    await vi.waitFor(() => expect(container.textContent).toBe('0 blobs, 0 pending'))
    await album.sync.photos.insert({ title: 'mine', image: png('mine') }).synced
    await vi.waitFor(() => expect(container.textContent).toBe('1 blobs, 0 pending'))
    await album.sync.cache.clear()
    await vi.waitFor(() => expect(container.textContent).toBe('0 blobs, 0 pending'))
  })
})
