import { isBseError } from '@bse/core'
import { PhotoImport } from './import/photo-import.ts'
import { tellOfTrouble } from './state/engine-notices.ts'
import { Messages } from './state/messages.ts'
import { sync } from './sync.ts'

/** What lives as long as the page, beside the engine. */
export const messages: Messages = new Messages()
export const photoImport: PhotoImport = new PhotoImport({ sync, onRefused: messages.refuse })

tellOfTrouble(sync, messages)

/** For writes that nobody waits for: `what` did not work, if it did not. */
export function attempt(what: string, write: PromiseLike<unknown>): void {
  write.then(undefined, (error: unknown) => messages.refuse(`${what} did not work (${isBseError(error) ? error.code : String(error)}).`, error))
}

/** Resolves the album to put photos into: the given one, or a first one. Does not wait for the network, nor for the disk. */
export function albumFor(albumId: string | undefined): string {
  return albumId ?? createAlbum('Our photos')
}

export function createAlbum(title: string): string {
  const id = crypto.randomUUID()
  attempt('Creating the album', sync.albums.insert({ id, title, createdAt: new Date() }))
  return id
}
