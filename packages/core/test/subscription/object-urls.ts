import { vi } from 'vitest'

/** Counts the object URLs of this page, over the real functions. */
export interface ObjectUrls {
  readonly created: string[]
  readonly revoked: string[]
  /** Made and not given back. */
  readonly live: ReadonlySet<string>
  readonly blobs: ReadonlyMap<string, Blob>
  /** Runs right after a URL was made. */
  onCreate: () => void
  restore(): void
}

export function watchObjectUrls(): ObjectUrls {
  const created: string[] = []
  const revoked: string[] = []
  const live = new Set<string>()
  const blobs = new Map<string, Blob>()
  const create = URL.createObjectURL.bind(URL)
  const revoke = URL.revokeObjectURL.bind(URL)
  const watched: ObjectUrls = { created, revoked, live, blobs, onCreate: () => undefined, restore: () => spies.forEach((spy) => spy.mockRestore()) }
  const spies = [
    vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
      const url = create(blob)
      created.push(url)
      live.add(url)
      blobs.set(url, blob as Blob)
      watched.onCreate()
      return url
    }),
    vi.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => {
      revoked.push(url)
      live.delete(url)
      revoke(url)
    }),
  ]
  return watched
}
