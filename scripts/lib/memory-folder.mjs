import { existsSync, statfsSync } from 'node:fs'

const FOLDER = '/dev/shm'
const ENOUGH_BYTES = 2 * 1024 ** 3

/**
 * For the profile of Firefox, which waits for the disk at every file and every database that it opens: on a busy disk a suite
 * of thousands of small blobs takes twenty times as long, and shows nothing more by it.
 *
 * @returns {string | undefined} a folder in memory that has room for it
 */
export function memoryFolder() {
  if (!existsSync(FOLDER)) return undefined
  const { bavail, bsize } = statfsSync(FOLDER)
  return bavail * bsize >= ENOUGH_BYTES ? FOLDER : undefined
}
