import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makePhoto } from '../fixtures/photos.ts'

/** A photo on the disk of the person, and what its bytes are called by anybody who hashes them. */
export interface PhotoFile {
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
  readonly hash: string
}

/** Files of seeds `from` to `from + count - 1`. Making one takes a second, so those that the folder has are used again. */
export async function photoFiles(directory: string, count: number, from = 0): Promise<readonly PhotoFile[]> {
  await mkdir(directory, { recursive: true })
  const files: PhotoFile[] = []
  for (let seed = from; seed < from + count; seed++) files.push(await photoFile(directory, seed))
  return files
}

async function photoFile(directory: string, seed: number): Promise<PhotoFile> {
  const name = `photo-${String(seed).padStart(2, '0')}.jpg`
  const path = join(directory, name)
  if (!existsSync(path)) {
    await writeFile(`${path}.part`, await makePhoto(seed))
    await rename(`${path}.part`, path)
  }
  const bytes = await readFile(path)
  return { name, path, sizeBytes: bytes.length, hash: hashOf(bytes) }
}

/** Our own second opinion: nothing of the engine takes part. */
export function hashOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
