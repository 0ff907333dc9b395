import { closeSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { BseError } from '@bse/core/provider'

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,100}$/

/**
 * The file of a namespace. Whatever some file system refuses or folds (upper case, a slash, a dot) is written as `%xx`:
 * two namespaces, possibly two people, must never share a file.
 *
 * @throws BseError `CONFIG_INVALID` for a namespace that is not 1 to 100 printable ASCII characters.
 */
export function databaseFile(directory: string, namespace: string): string {
  if (!PRINTABLE_ASCII.test(namespace)) {
    throw new BseError('CONFIG_INVALID', 'state-sqlite: a namespace is 1 to 100 printable ASCII characters', { option: 'namespace' })
  }
  const escaped = namespace.replace(/[^a-z0-9_-]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return join(directory, `bse-${escaped}.sqlite`)
}

/** Makes the folder. SQLite syncs the folder of its files, nobody else the ones above it. */
export function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 })
  // Windows has no way to sync a folder; NTFS journals names by itself.
  if (first === undefined || process.platform === 'win32') return
  const top = dirname(resolve(first))
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    syncFolder(folder)
    if (folder === top) return
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Removes the database with everything that SQLite keeps beside it. The file itself last: without it the rest means nothing. */
export function removeFiles(file: string): void {
  for (const suffix of ['-wal', '-shm', '']) rmSync(`${file}${suffix}`, { force: true })
}
