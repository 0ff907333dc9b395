import { expect, vi } from 'vitest'
import { createSyncEngine, type BlobRef, type SeveralRemotes, type SyncEngine } from '@bse/core'
import { memoryCache, memoryState } from '@bse/core/memory'
import type { BlobProvider } from '@bse/core/provider'
import { collect, FakeRemote, fakeData, randomBytes, sameBytes } from '@bse/core/testing'

const schema = {
  photos: { id: 'uuid', title: 'string', image: { type: 'blob', mimeTypes: ['image/*'] }, audio: { type: 'blob', mimeTypes: ['audio/*'], optional: true } },
} as const

type Album = SyncEngine<typeof schema>

export interface AppSeen {
  readonly titles: readonly string[]
  /** Whether the second device read what the first one wrote: all of a blob, a part of another. */
  readonly isSame: boolean
  readonly isPartSame: boolean
  /** Upload events of the first device that were not about an end. */
  readonly failures: readonly string[]
  readonly hashes: readonly BlobRef['hash'][]
}

let devices = 0
const PATIENCE = { timeout: 45_000 }

/** The rows' server is one in memory, which wants to know of every blob. */
function device(remote: FakeRemote, blobs: BlobProvider | SeveralRemotes): Album {
  const noted = (provider: BlobProvider): BlobProvider => Object.assign(Object.create(provider) as BlobProvider, {
    upload: async (...[task, io]: Parameters<BlobProvider['upload']>) => {
      const receipt = await provider.upload(task, io)
      remote.blobs.set(task.hash, task.blob)
      return receipt
    },
    batch: undefined,
  })
  const stores = 'primary' in blobs ? { ...blobs, primary: noted(blobs.primary) } : noted(blobs)
  return createSyncEngine({ name: `one-app-${(devices += 1)}`, schema, state: memoryState(), cache: { backend: memoryCache() }, blobs: stores, data: fakeData(remote) })
}

/** An app that knows nothing of where its bytes go: what it does is the same for every store. */
export async function useApp(openStore: () => BlobProvider | SeveralRemotes): Promise<AppSeen> {
  const remote = new FakeRemote()
  const [writer, reader] = [device(remote, openStore()), device(remote, openStore())]
  try {
    const failures: string[] = []
    writer.on('syncError', ({ error }) => failures.push(String(error)))
    const [image, audio] = [new Blob([randomBytes(120_000)], { type: 'image/png' }), new Blob([randomBytes(1_500_000)], { type: 'audio/mpeg' })]
    const insert = writer.photos.insert({ title: 'first', image })
    await insert.synced
    const { id, image: imageRef } = await insert
    const update = writer.photos.update(id, { title: 'second', audio })
    await update.synced
    const { audio: audioRef } = await update
    if (audioRef === undefined || audioRef === null) throw new Error('the update has no blob')
    const rows = await vi.waitFor(async () => {
      const found = await reader.photos.where({ title: 'second' }).get()
      expect(found).toHaveLength(1)
      return found
    }, PATIENCE)
    const part = await reader.blobs.open(audioRef, { range: { start: 700_000, end: 800_000 } })
    const isPartSame = sameBytes(await collect(part.body), new Uint8Array(await audio.slice(700_000, 800_000).arrayBuffer()))
    // Mirrors get theirs in their own time.
    await vi.waitFor(async () => expect(await writer.offline.pending()).toEqual([]), PATIENCE)
    const read = await reader.blobs.get(imageRef)
    const isSame = read !== null && sameBytes(new Uint8Array(await read.arrayBuffer()), new Uint8Array(await image.arrayBuffer()))
    return { titles: rows.map(({ title }) => title), isSame, isPartSame, failures, hashes: [imageRef.hash, audioRef.hash] }
  } finally {
    await writer.close()
    await reader.close()
  }
}
