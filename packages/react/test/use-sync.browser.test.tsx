import { StrictMode, Suspense, type ReactElement } from 'react'
import { flushSync } from 'react-dom'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { PLACEHOLDER_URL } from '@bse/core'
import { useSync } from '@bse/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openAlbum, png, type Album } from './album.ts'
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
  expect(album.counts.left).toBe(album.counts.subscribed) // F-95
  expect(complaints).not.toHaveBeenCalled()
  await album.sync.close()
  container.remove()
  urls.restore()
  complaints.mockRestore()
})

interface Rendered {
  readonly rows: number
  readonly withoutUrl: number
}

function Photos({ of, onRender }: { readonly of: Album; readonly onRender?: (rendered: Rendered) => void }): ReactElement {
  const { data, blobUrls, isLoading, error } = useSync(of.photos(), { includeBlobs: ['image', 'audio'], refreshUrls: true })
  onRender?.({ rows: data.length, withoutUrl: data.filter((photo) => blobUrls[photo.id]?.image === undefined).length })
  if (isLoading) return <p>loading</p>
  if (error !== undefined) return <p>{error.code}</p>
  return <div>{data.map((photo) => <img key={photo.id} src={blobUrls[photo.id]?.image} alt={photo.title} />)}</div>
}

/** Renders, and runs the effects of it. */
function show(element: ReactElement): void {
  flushSync(() => root.render(element))
  flushSync(() => undefined)
}

function images(): readonly HTMLImageElement[] {
  return [...container.querySelectorAll('img')]
}

async function shown(count: number): Promise<void> {
  await vi.waitFor(() => expect(images().filter((image) => image.src.startsWith('blob:') && image.naturalWidth === 1)).toHaveLength(count))
}

async function received(...ids: readonly string[]): Promise<void> {
  for (const id of ids) await album.receive(id)
  await vi.waitFor(async () => expect(await album.sync.photos.count()).toBe(ids.length))
}

describe('useSync', () => {
  it('shows pictures of somebody else once their bytes are here', async () => {
    let letGo = (): void => undefined
    album.gate = new Promise((resolve) => {
      letGo = () => resolve()
    })
    await received('a', 'b')
    show(<StrictMode><Photos of={album} /></StrictMode>)
    expect(images().map((image) => image.src)).toEqual([PLACEHOLDER_URL, PLACEHOLDER_URL])
    await vi.waitFor(() => expect(images().every((image) => image.naturalWidth === 1)).toBe(true))
    letGo()
    await shown(2) // R-110 R-113 R-233
  })

  it('has a URL for every row in every render', async () => {
    const rendered: Rendered[] = []
    show(<Photos of={album} onRender={(one) => rendered.push(one)} />)
    for (let n = 0; n < 10; n++) {
      await album.receive(`p${n}`)
      await album.sync.photos.insert({ title: 'mine', image: png(`mine ${n}`) })
    }
    await shown(20)
    expect(rendered.filter(({ withoutUrl }) => withoutUrl > 0)).toEqual([]) // R-115 R-006 R-182
    expect(rendered.at(-1)?.rows).toBe(20)
  })

  it('does not subscribe again for a new but equal query', async () => {
    await received('a')
    const onRender = vi.fn()
    for (let n = 0; n < 20; n++) show(<Photos of={album} onRender={onRender} />)
    expect(onRender.mock.calls.length).toBeGreaterThanOrEqual(20)
    expect(album.counts).toMatchObject({ subscribed: 1, left: 0 }) // R-111 F-95
  })

  it('renders again only for changes of its own rows', async () => {
    await received('a', 'b')
    const onRender = vi.fn()
    const Titled = (): ReactElement => {
      onRender()
      return <p>{useSync(album.photos('a')).data.length}</p>
    }
    show(<Titled />)
    onRender.mockClear()
    const elsewhere = album.sync.photos.update('b', { title: 'other' })
    flushSync(() => undefined)
    expect(onRender).not.toHaveBeenCalled()
    const here = album.sync.photos.update('a', { title: 'other' })
    flushSync(() => undefined)
    expect(onRender).toHaveBeenCalledOnce()
    expect(container.textContent).toBe('0')
    await Promise.all([elsewhere, here])
  })

  it('leaves no object URL behind after 1,000 mounts', { timeout: 120_000 }, async () => {
    await received('a', 'b', 'c')
    for (let n = 0; n < 1_000; n++) {
      show(<StrictMode><Photos key={n} of={album} /></StrictMode>)
      if (n % 3 === 0) await Promise.resolve()
      if (n % 7 === 0) await shown(3)
      expect(urls.live.size).toBeLessThanOrEqual(3)
      if (n % 11 === 0) {
        show(<StrictMode />)
        album.clock.skip()
        expect(urls.live.size).toBe(0)
      }
    }
    expect(urls.created.length).toBeGreaterThan(100)
    root.unmount()
    album.clock.skip()
    expect(urls.created.length - urls.revoked.length).toBe(0) // F-30 R-116
  })

  it('keeps a URL over the remount of StrictMode and of a new key', async () => {
    await received('a')
    show(<StrictMode><Photos key="one" of={album} /></StrictMode>)
    await shown(1)
    const src = images()[0]?.src
    show(<StrictMode><Photos key="two" of={album} /></StrictMode>)
    album.clock.skip()
    flushSync(() => undefined)
    expect(images()[0]?.src).toBe(src)
    expect(urls.created).toHaveLength(1)
  })

  it('leaves the picture of a new row alone while it is stored and sent', async () => {
    show(<StrictMode><Photos of={album} /></StrictMode>)
    const write = flushSync(() => album.sync.photos.insert({ title: 'new', image: png('new') }))
    const image = images()[0]
    expect(image?.src).toMatch(/^blob:/)
    const observer = new MutationObserver(() => undefined)
    observer.observe(container, { attributes: true, childList: true, subtree: true })
    await write
    await write.synced
    await vi.waitFor(async () => expect(await album.sync.offline.pending()).toEqual([]))
    album.clock.skip()
    flushSync(() => undefined)
    expect(observer.takeRecords()).toEqual([])
    expect(images()[0]).toBe(image)
    await shown(1)
    expect(urls.created).toHaveLength(1)
    observer.disconnect()
  })

  it('does nothing when bytes arrive after the unmount', async () => {
    let letGo = (): void => undefined
    album.gate = new Promise((resolve) => {
      letGo = () => resolve()
    })
    await received('a', 'b')
    const onRender = vi.fn()
    show(<StrictMode><Photos of={album} onRender={onRender} /></StrictMode>)
    await vi.waitFor(() => expect(album.counts.opened).toBe(2))
    root.unmount()
    album.clock.skip()
    onRender.mockClear()
    letGo()
    await album.receive('late')
    await vi.waitFor(async () => expect(await album.sync.photos.count()).toBe(3))
    expect(onRender).not.toHaveBeenCalled() // F-95
    expect(urls.created).toEqual([])
  })

  it('gives back what a render that never finished had borrowed', async () => {
    const write = album.sync.photos.insert({ title: 'new', image: png('new') })
    const never = new Promise<never>(() => undefined)
    const Stuck = (): ReactElement => {
      useSync(album.photos(), { includeBlobs: ['image'] })
      throw never
    }
    show(<Suspense fallback="waiting"><Stuck /></Suspense>)
    expect(container.textContent).toBe('waiting')
    expect(urls.created).toHaveLength(1)
    album.clock.skip()
    expect(urls.live.size).toBe(0) // F-95
    await write
  })

  it('moves to another engine that is asked the same', async () => {
    const other = await openAlbum()
    await received('a')
    show(<Photos of={album} />)
    expect(images()).toHaveLength(1)
    show(<Photos of={other} />)
    expect(images()).toHaveLength(0)
    expect(album.counts).toMatchObject({ subscribed: 1, left: 1 })
    const write = flushSync(() => other.sync.photos.insert({ title: 'x', image: png('x') }))
    expect(images()).toHaveLength(1)
    root.unmount()
    await write
    await other.sync.close()
  })

  it('says so when the engine was closed', async () => {
    await received('a')
    show(<Photos of={album} />)
    await album.sync.close()
    await vi.waitFor(() => expect(container.textContent).toBe('CLOSED'))
    expect(urls.live.size).toBe(0)
  })

  it('takes over the page of a server without a complaint', async () => {
    await received('a', 'b')
    const onRecoverableError = vi.fn()
    root.unmount()
    container.innerHTML = '<p>loading</p>'
    root = hydrateRoot(container, <Photos of={album} />, { onRecoverableError })
    await vi.waitFor(() => expect(images()).toHaveLength(2))
    expect(onRecoverableError).not.toHaveBeenCalled()
  })
})
