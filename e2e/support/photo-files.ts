import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makePhoto } from '../fixtures/photos.ts'

const [MIN_BYTES, MAX_BYTES] = [3_000_000, 6_000_000]
const JPEG_WITH_EXIF = Buffer.from([0xff, 0xd8, 0xff, 0xe1])

/** A photo on the disk of the person, and what its bytes are called by anybody who hashes them. */
export interface PhotoFile {
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
  readonly hash: string
}

/** Files of seeds 0 to `count - 1`. Making one takes a second, so those that the folder has are used again. */
export async function photoFiles(directory: string, count: number): Promise<readonly PhotoFile[]> {
  await mkdir(directory, { recursive: true })
  return Promise.all(Array.from({ length: count }, (_, seed) => photoFile(directory, seed)))
}

async function photoFile(directory: string, seed: number): Promise<PhotoFile> {
  const name = `photo-${String(seed).padStart(2, '0')}.jpg`
  const path = join(directory, name)
  if (!existsSync(path)) {
    await writeFile(`${path}.part`, await makePhoto(seed))
    await rename(`${path}.part`, path)
  }
  const bytes = await readFile(path)
  checkPhoto(name, bytes)
  return { name, path, sizeBytes: bytes.length, hash: hashOf(bytes) }
}

/** As cameras make them: a JPEG of 3 to 6 MB whose first segment is EXIF. The tests say nothing about photos when these are none. */
function checkPhoto(name: string, bytes: Buffer): void {
  assert(bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES, `${name} has ${bytes.length} bytes`)
  assert(bytes.subarray(0, 4).equals(JPEG_WITH_EXIF), `${name} does not begin as a photo does`)
  assert.equal(bytes.toString('latin1', 6, 12), 'Exif\0\0', `${name} has no EXIF`)
}

/** Our own second opinion: nothing of the engine takes part. */
export function hashOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
