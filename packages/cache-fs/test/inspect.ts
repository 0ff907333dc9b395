import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CacheEntry, CacheStore } from '@bse/core/provider'
import { hexOf, type BlobHash } from '@bse/core/wire'

/** The hashes of what a store lists, after comparing each file with its name. @throws when one does not match. */
export async function listVerified(store: CacheStore, directory: string): Promise<readonly BlobHash[]> {
  const entries: CacheEntry[] = []
  for await (const entry of store.list()) entries.push(entry)
  for (const { hash, sizeBytes } of entries) {
    const bytes = await readFile(join(directory, 'blobs', `sha256-${hexOf(hash)}`))
    const actual = createHash('sha256').update(bytes).digest('hex')
    if (actual !== hexOf(hash) || bytes.byteLength !== sizeBytes) throw new Error(`${hash} is visible with other bytes`)
  }
  return entries.map((entry) => entry.hash)
}

/** File names in a folder of the store; none when it does not exist. */
export async function namesIn(directory: string, folder: 'blobs' | 'staging'): Promise<readonly string[]> {
  try {
    return await readdir(join(directory, folder))
  } catch {
    return []
  }
}
