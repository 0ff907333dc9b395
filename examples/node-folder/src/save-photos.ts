import { access, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Photo, Sync } from './sync.ts'

/** Keeps a copy of every photo of the family in `folder`, as it arrives. */
export async function savePhotos(sync: Sync, folder: string, signal: AbortSignal): Promise<void> {
  await mkdir(folder, { recursive: true })
  const live = sync.photos.where({}).live({})
  while (!signal.aborted) {
    const changed = new Promise<void>((resolve) => {
      const stop = live.subscribe(() => (stop(), resolve()))
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    for (const photo of live.getSnapshot().data) if (isStored(photo)) await savePhoto(sync, folder, photo)
    await changed
  }
}

/** Not yet, while it is being added by this very device: its bytes are still those of the file that is about to be moved. */
function isStored({ image }: Photo): boolean {
  return !image.hash.startsWith('pending:')
}

async function savePhoto(sync: Sync, folder: string, { id, image }: Photo): Promise<void> {
  const path = join(folder, `${id}.${image.type.split('/')[1] ?? 'bin'}`)
  if (await exists(path)) return
  const blob = await sync.blobs.get(image)
  // Nobody has it yet: its row changes, or the next one comes, and we look again.
  if (blob === null) return
  await writeFile(`${path}.part`, blob.stream())
  await rename(`${path}.part`, path)
  console.log(`saved ${id}`)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false)
}
