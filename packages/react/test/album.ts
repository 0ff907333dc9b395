import { createSyncEngine, platformEnvironment, type LiveOptions, type LiveQuery, type LiveSource, type RowOf, type SyncEngine } from '@bse/core'
import { memoryCache, memoryLocks, memoryState } from '@bse/core/memory'
import type { BlobProvider } from '@bse/core/provider'
import { FakeRemote, fakeBlobs, fakeData, sha256Of } from '@bse/core/testing'
import { SkippingClock } from './skipping-clock.ts'

const schema = {
  photos: { id: 'string', title: 'string', image: { type: 'blob' }, audio: { type: 'blob', optional: true } },
} as const

export type Photo = RowOf<typeof schema, 'photos'>
export type PhotoSource = LiveSource<Photo, 'image' | 'audio'>
type PhotoQuery = LiveQuery<Photo, 'image' | 'audio'>

/** An engine in memory with its server, and what a test wants to know of it. */
export interface Album {
  readonly sync: SyncEngine<typeof schema>
  readonly remote: FakeRemote
  readonly clock: SkippingClock
  readonly counts: { subscribed: number; left: number; opened: number }
  /** While set, the server's bytes wait for it. */
  gate: Promise<void> | undefined
  /** All photos, or those of a title: a new object with each call, as in a render. */
  photos(title?: string): PhotoSource
  /** A photo of somebody else, with bytes of its own unless `bytes` is given. */
  receive(id: string, bytes?: Blob): Promise<void>
}

let albums = 0

export async function openAlbum(): Promise<Album> {
  const remote = new FakeRemote()
  const clock = new SkippingClock()
  const counts = { subscribed: 0, left: 0, opened: 0 }
  const stored = fakeBlobs(remote)
  const blobs: BlobProvider = {
    ...stored,
    open: async (ref, options) => {
      counts.opened += 1
      await album.gate
      return await stored.open(ref, options)
    },
  }
  const sync = createSyncEngine({
    name: `album-${(albums += 1)}`,
    schema,
    blobs,
    data: fakeData(remote),
    cache: { backend: memoryCache() },
    state: memoryState(),
    environment: { ...platformEnvironment(), clock, locks: memoryLocks() },
  })
  const counted = countedQueries(counts)
  const album: Album = {
    sync,
    remote,
    clock,
    counts,
    gate: undefined,
    photos: (title) => {
      const query = sync.photos.where(title === undefined ? {} : { title })
      return { key: query.key, live: (options: LiveOptions<'image' | 'audio'>) => counted(query.live(options)) }
    },
    receive: async (id, bytes = png(id)) => {
      const hash = await sha256Of(new Uint8Array(await bytes.arrayBuffer()))
      remote.blobs.set(hash, bytes)
      const values = { id, title: id, image: { hash, sizeBytes: bytes.size, type: 'image/png' }, audio: null }
      remote.write({ kind: 'insert', table: 'photos', rowId: id, values, previous: null })
    },
  }
  await sync.ready
  return album
}

/** The same wrapper for the same live query, so that identity is the engine's. */
function countedQueries(counts: Album['counts']): (live: PhotoQuery) => PhotoQuery {
  const known = new WeakMap<PhotoQuery, PhotoQuery>()
  return (live) => {
    const counted = known.get(live) ?? {
      getSnapshot: () => live.getSnapshot(),
      subscribe: (listener: () => void) => {
        counts.subscribed += 1
        const leave = live.subscribe(listener)
        return () => {
          counts.left += 1
          leave()
        }
      },
    }
    known.set(live, counted)
    return counted
  }
}

/** A picture of one pixel; readers of PNG ignore what follows, which makes each another blob. */
export function png(name: string): File {
  const base64 = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  return new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)), name], `${name}.png`, { type: 'image/png' })
}
