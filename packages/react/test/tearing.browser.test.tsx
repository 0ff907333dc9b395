import { startTransition, useEffect, useState, type ReactElement } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { useSync } from '@bse/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openAlbum, png, type Album } from './album.ts'

const READERS = 40
const SLICE_MS = 6

let album: Album
let container: HTMLElement
let root: Root

beforeEach(async () => {
  album = await openAlbum()
  await album.sync.photos.insert({ id: 'a', title: 'first', image: png('a') })
  container = document.body.appendChild(document.createElement('main'))
  root = createRoot(container)
})
afterEach(async () => {
  root.unmount()
  await album.sync.close()
  container.remove()
})

type UseTitle = () => string

function useTitle(): string {
  return useSync(album.photos()).data[0]?.title ?? ''
}

/** What people write without a store hook: the harness must notice that it tears. */
function useTornTitle(): string {
  const live = album.photos().live({})
  const [, setCount] = useState(0)
  useEffect(() => live.subscribe(() => setCount((count) => count + 1)), [live])
  return live.getSnapshot().data[0]?.title ?? ''
}

/** Slow enough that React yields between two of them. */
function Reader({ useValue, onRender }: { readonly useValue: UseTitle; readonly onRender: () => void }): ReactElement {
  const value = useValue()
  const untilMs = performance.now() + SLICE_MS
  while (performance.now() < untilMs) onRender()
  return <li>{value}</li>
}

/** What each commit showed, as the sets of titles. */
async function commitsOf(useValue: UseTitle): Promise<readonly string[]> {
  const commits: string[] = []
  const observer = new MutationObserver(() => {
    commits.push([...new Set([...container.querySelectorAll('li')].map((item) => item.textContent))].sort().join('+'))
  })
  observer.observe(container, { childList: true, subtree: true, characterData: true })
  const change = new MessageChannel()
  let write: PromiseLike<unknown> | undefined
  change.port1.onmessage = () => {
    write = album.sync.photos.update('a', { title: 'second' })
  }
  let rendered = 0
  let isAsked = false
  const onRender = (): void => {
    rendered += 1
    if (isAsked || container.childElementCount > 0) return
    isAsked = true
    change.port2.postMessage('now')
  }
  startTransition(() => root.render(<ul>{Array.from({ length: READERS }, (_, n) => <Reader key={n} useValue={useValue} onRender={onRender} />)}</ul>))
  await vi.waitFor(() => expect(container.querySelectorAll('li')).toHaveLength(READERS), { timeout: 20_000 })
  await vi.waitFor(() => expect(commits.at(-1)).toContain('second'), { timeout: 20_000 })
  observer.disconnect()
  change.port1.close()
  expect(rendered).toBeGreaterThan(0)
  await write
  return commits
}

describe('rendering while rows change', () => {
  it('never shows two moments at once', async () => {
    expect(new Set(await commitsOf(useTitle))).toEqual(new Set(['second'])) // F-95
  })

  it('would be seen to tear without the hook', async () => {
    expect(await commitsOf(useTornTitle)).toEqual(['first+second'])
  })

  it('shows two queries of one moment', async () => {
    const moments: string[] = []
    const Both = (): ReactElement => {
      const all = useSync(album.photos()).data.filter(({ title }) => title === 'wanted').length
      const wanted = useSync(album.photos('wanted')).data.length
      moments.push(`${all}/${wanted}`)
      return <p>{`${all}/${wanted}`}</p>
    }
    root.render(<Both />)
    await vi.waitFor(() => expect(container.textContent).toBe('0/0'))
    for (let n = 0; n < 5; n++) {
      const write = album.sync.photos.insert({ title: 'wanted', image: png(`n${n}`) })
      await vi.waitFor(() => expect(container.textContent).toBe(`${n + 1}/${n + 1}`))
      await write
    }
    expect(moments.filter((moment) => moment[0] !== moment[2])).toEqual([])
  })
})
