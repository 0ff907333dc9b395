import { execFile } from 'node:child_process'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { growthOverLargeFile } from './large-file.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const PROGRAM = fileURLToPath(new URL('./fixtures/put-large.ts', import.meta.url))
const SIZE_BYTES = 256 * 1024 * 1024

// F-11
it.each(['blob', 'stream'])('puts a %s far larger than its memory', { timeout: 120_000 }, async (kind) => {
  const directory = await temporaryDirectory()
  const file = join(directory, 'large')
  await writeFile(file, 'the rest is a hole')
  await truncate(file, SIZE_BYTES)

  const args = ['--max-old-space-size=64', '--conditions=@bse/source', PROGRAM, join(directory, 'store'), file, kind]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { sizeBytes, growthBytes } = JSON.parse(stdout)
  expect(sizeBytes).toBe(SIZE_BYTES)
  expect(growthBytes).toBeLessThan(64 * 1024 * 1024)
})

// F-11: a gibibyte in memory.long.test.ts
it('puts and reads 64 MiB with 128 MiB of heap, and grows by no more than 64 MiB', { timeout: 120_000 }, async () => {
  await growthOverLargeFile(64 * 1024 * 1024)
})
