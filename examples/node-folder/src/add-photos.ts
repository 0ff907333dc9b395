import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, openAsBlob, watch } from 'node:fs'
import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Sync } from './sync.ts'

const TYPES: Readonly<Record<string, string>> = { '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.png': 'image/png', '.webp': 'image/webp', '.gif': 'image/gif' }
const ALBUM_ID = '0f0e4a52-6f1b-4f0e-9c55-a1b0f01de700'

/** Takes every picture that is moved into `folder`, and moves it on into `folder/added` once this device will never lose it. */
export async function addPhotos(sync: Sync, folder: string, signal: AbortSignal): Promise<void> {
  await mkdir(join(folder, 'added'), { recursive: true })
  const watcher = watch(folder, { signal })
  while (!signal.aborted) {
    // Asked for before looking: what comes while we look is not missed.
    const changed = Promise.race([once(watcher, 'change'), once(watcher, 'close')])
    for (const name of await readdir(folder)) if (extname(name).toLowerCase() in TYPES) await addPhoto(sync, folder, name)
    await changed
  }
}

async function addPhoto(sync: Sync, folder: string, name: string): Promise<void> {
  const path = join(folder, name)
  const image = await openAsBlob(path, { type: TYPES[extname(name).toLowerCase()] ?? '' })
  const id = await idOf(path)
  await sync.albums.upsert({ id: ALBUM_ID, title: 'From a folder', createdAt: new Date(0) })
  // Killed between the two steps, the process finds the file again and writes the same row again.
  await sync.photos.upsert({ id, albumId: ALBUM_ID, caption: name, takenAt: (await stat(path)).mtime, image })
  await rename(path, join(folder, 'added', name))
  console.log(`added ${name}`)
}

/** The same picture has the same id, however often it is added. */
async function idOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  const hex = hash.digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
