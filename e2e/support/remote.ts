import type { BlobListPage } from '@bse/core/wire'
import { hashOf } from './photo-files.ts'

/** Hashes of all blobs that a server lists, in its order. */
export async function listBlobs(serverUrl: string): Promise<readonly string[]> {
  const hashes: string[] = []
  for (let cursor = ''; ; ) {
    const response = await fetch(`${serverUrl}/blobs${cursor}`)
    if (!response.ok) throw new Error(`GET /blobs: ${response.status}`)
    const page = (await response.json()) as BlobListPage
    hashes.push(...page.blobs.map(({ hash }) => hash))
    if (page.next === undefined) return hashes
    cursor = `?cursor=${page.next}`
  }
}

/** What the bytes really are that a server gives for each name. */
export async function hashesOfServedBytes(serverUrl: string, names: readonly string[]): Promise<readonly string[]> {
  const served: string[] = []
  for (const name of names) {
    const response = await fetch(`${serverUrl}/blobs/${name}`)
    if (!response.ok) throw new Error(`GET /blobs/<hash>: ${response.status}`)
    served.push(hashOf(await response.bytes()))
  }
  return served
}
