import { execFile } from 'node:child_process'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

const PROGRAM = fileURLToPath(new URL('./fixtures/put-and-read-large.ts', import.meta.url))
const MOST_BYTES = 64 * 1024 * 1024

/** Puts and reads a file in a Node that may have 128 MiB of heap. Answers how much its resident memory grew at most. */
export async function growthOverLargeFile(sizeBytes: number): Promise<number> {
  const directory = await temporaryDirectory()
  const file = join(directory, 'large')
  await writeFile(file, 'the rest is a hole')
  await truncate(file, sizeBytes)
  const args = ['--max-old-space-size=128', '--conditions=@bse/source', PROGRAM, join(directory, 'store'), file]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { readBytes, growthBytes } = JSON.parse(stdout) as { readonly readBytes: number; readonly growthBytes: number }
  expect(readBytes).toBe(sizeBytes)
  expect(growthBytes).toBeLessThanOrEqual(MOST_BYTES)
  return growthBytes
}
