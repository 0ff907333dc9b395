import { expect } from '@playwright/test'
import { randomBytes } from 'node:crypto'
import { FamilyPage } from './support/family-page.ts'
import { test } from './support/test.ts'

const FILES = 24
const FILE_BYTES = 100_000

test.use({
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, args: [...(launchOptions.args ?? []), '--js-flags=--expose-gc'] })
  },
})

// Chromium never answers a request to a file handle that was garbage collected meanwhile.
test('resolves every insert although memory is collected all the time', async ({ newDevice, server }) => {
  const family = await FamilyPage.open(await newDevice(), server.url)
  const collecting = [collectForEver(family.page)]
  family.page.on('worker', (worker) => collecting.push(collectForEver(worker)))
  const files = Array.from({ length: FILES }, (_, index) => ({ name: `${index}.jpg`, mimeType: 'image/jpeg', buffer: randomBytes(FILE_BYTES) }))
  await family.page.getByTestId('drop-input').setInputFiles(files)
  await expect.poll(() => family.saved.length, { message: 'inserts that resolved' }).toBe(FILES)
  await Promise.all(collecting)
  expect(collecting.length, 'the page and its worker').toBeGreaterThanOrEqual(2)
})

/** Between any two tasks of the thread. */
function collectForEver(thread: { evaluate(run: () => void): Promise<void> }): Promise<void> {
  return thread.evaluate(() => {
    const collect = (): void => {
      globalThis.gc?.()
      setTimeout(collect, 0)
    }
    collect()
  })
}
