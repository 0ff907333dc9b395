import { expect } from '@playwright/test'
import { createHash, randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { hashesOfServedBytes, listBlobs } from './support/remote.ts'
import { RendererMemory } from './support/renderer-memory.ts'
import { test } from './support/test.ts'

const FILE_BYTES = 300_000_000
const PIECE_BYTES = 10_000_000
const MOST_BYTES = 100_000_000
/** Hashing four times, writing twice and sending it once and a third takes a busy machine a while. */
const PATIENCE = { timeout: 120_000 }

test.use({ app: 'files' })

// X-016 R-178
test('takes little memory for a large file, and sends it after a reload by itself', async ({ folder, newDevice, server, wire }) => {
  test.setTimeout(3 * PATIENCE.timeout)
  const path = join(folder, 'holiday.mov')
  const hash = await writeRandomFile(path)
  const device = await newDevice()
  const page = await device.context.newPage()
  await page.goto(wire.url)
  const pending = page.getByTestId('pending-count')
  await expect(pending).toHaveText('0')
  const memory = await RendererMemory.of(device.context)
  const idleBytes = await memory.now()

  const held = wire.holdOnce(FILE_BYTES / 3)
  const insertPeakBytes = await memory.peakDuring(async () => {
    await page.getByTestId('drop-input').setInputFiles(path)
    await expect(page.getByTestId('stored')).toHaveText(hash, PATIENCE)
    expect((await held).sentBytes, 'some of it is still to come').toBeLessThan(FILE_BYTES)
  })
  const sendPeakBytes = await memory.peakDuring(async () => {
    await page.reload()
    await expect.poll(() => listBlobs(server.url), PATIENCE).toEqual([hash])
    await expect(pending).toHaveText('0', PATIENCE)
  })
  expect(await hashesOfServedBytes(server.url, [hash])).toEqual([hash])
  test.info().annotations.push({ type: 'memory', description: JSON.stringify({ idleBytes, insertPeakBytes, sendPeakBytes }) })
  expect(insertPeakBytes - idleBytes, 'bytes more than idle, from the drop to the middle of the upload').toBeLessThan(MOST_BYTES)
  expect(sendPeakBytes - idleBytes, 'bytes more than idle, from the reload to the end').toBeLessThan(MOST_BYTES)
})

/** What no file system and no wire can make smaller. Resolves with its name. */
async function writeRandomFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await using file = await open(path, 'w')
  for (let at = 0; at < FILE_BYTES; at += PIECE_BYTES) {
    const piece = randomBytes(PIECE_BYTES)
    hash.update(piece)
    await file.write(piece)
  }
  return `sha256:${hash.digest('hex')}`
}
