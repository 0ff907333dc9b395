import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FileLayout } from './file-layout.ts'
import { systemCode } from './fs-error.ts'

const FOLDER_MODE = 0o700

/**
 * Makes the folders of a store. A folder that was there already has its parent synced all the same: whoever made it may
 * have died before doing so, and then a power cut would take it, and everything acknowledged in it, away.
 */
export async function makeFolders(layout: FileLayout): Promise<void> {
  await makeFolder(layout.root)
  await makeFolder(layout.blobs)
  await makeFolder(layout.staging)
}

async function makeFolder(path: string): Promise<void> {
  const made = await tryMakeFolder(path)
  if (made === 'no-parent') {
    await makeFolder(dirname(path))
    await tryMakeFolder(path)
  }
  try {
    await syncFolder(dirname(path))
  } catch (error) {
    // A parent that we may enter but not read is somebody else's, and so was the making of this folder.
    if (made !== 'there-already' || systemCode(error) !== 'EACCES') throw error
  }
}

async function tryMakeFolder(path: string): Promise<'made' | 'there-already' | 'no-parent'> {
  try {
    await mkdir(path, FOLDER_MODE)
    return 'made'
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return 'there-already'
    if (systemCode(error) === 'ENOENT' && dirname(path) !== path) return 'no-parent'
    throw error
  }
}

/** Resolves once the names in this folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  // Windows has no way to sync a folder; NTFS journals names by itself.
  if (process.platform === 'win32') return
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
