import { randomUUID } from 'node:crypto'
import { expect, vi } from 'vitest'
import { createSyncEngine, type BlobRef, type SeveralRemotes, type SyncEngine } from '@bse/core'
import { memoryCache, memoryState } from '@bse/core/memory'
import type { BlobProvider, DataProvider } from '@bse/core/provider'
import { collect, randomBytes, sameBytes } from '@bse/core/testing'

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

function device(data: DataProvider, blobs: BlobProvider | SeveralRemotes): Album {
  return createSyncEngine({ name: `one-app-${(devices += 1)}`, schema, state: memoryState(), cache: { backend: memoryCache() }, blobs, data })
}

/** An app that knows nothing of where its rows and bytes go: what it does is the same for every pair. */
export async function useApp(openStore: () => BlobProvider | SeveralRemotes, openData: (room: string) => DataProvider): Promise<AppSeen> {
  const room = randomUUID()
  const [writer, reader] = [device(openData(room), openStore()), device(openData(room), openStore())]
  try {
    const failures: string[] = []
    writer.on('syncError', ({ error }) => failures.push(String(error)))
    const [image, audio] = [new Blob([randomBytes(120_000)], { type: 'image/png' }), new Blob([randomBytes(1_500_000)], { type: 'audio/mpeg' })]
    const insert = writer.photos.insert({ title: `first ${room}`, image })
    await insert.synced
    const { id, image: imageRef } = await insert
    const update = writer.photos.update(id, { title: `second ${room}`, audio })
    await update.synced
    const { audio: audioRef } = await update
    if (audioRef === undefined || audioRef === null) throw new Error('the update has no blob')
    const rows = await vi.waitFor(async () => {
      const found = await reader.photos.where({ title: `second ${room}` }).get()
      expect(found).toHaveLength(1)
      return found
    }, PATIENCE)
    const part = await reader.blobs.open(audioRef, { range: { start: 700_000, end: 800_000 } })
    const isPartSame = sameBytes(await collect(part.body), new Uint8Array(await audio.slice(700_000, 800_000).arrayBuffer()))
    // Mirrors get theirs in their own time.
    await vi.waitFor(async () => expect(await writer.offline.pending()).toEqual([]), PATIENCE)
    const read = await reader.blobs.get(imageRef)
    const isSame = read !== null && sameBytes(new Uint8Array(await read.arrayBuffer()), new Uint8Array(await image.arrayBuffer()))
    return { titles: rows.map(({ title }) => title.replace(room, 'in a room')), isSame, isPartSame, failures, hashes: [imageRef.hash, audioRef.hash] }
  } finally {
    await writer.close()
    await reader.close()
  }
}
