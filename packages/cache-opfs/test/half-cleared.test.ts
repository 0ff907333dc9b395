import { expect, it } from 'vitest'
import { serveFixtures } from './real-chromium.ts'
import type { EnginePage } from './fixtures/real-engine.ts'

declare const page: EnginePage

const openChromium = serveFixtures()
const PATIENT = { timeout: 90_000 }
const WITHIN = { timeout: 45_000 }
const STORED = 'stored=1,2,3'

// F-27
it('finds out that the browser has cleared the files and not the records: counts none of them, fetches what servers have, keeps the row of what is lost', PATIENT, async () => {
  const { devtools, origin, open } = await openChromium()
  const before = await open(`real-engine.html?${STORED}`)
  await expect.poll(() => before.evaluate(() => page.rows()), WITHIN).toHaveLength(3)
  for (const seed of [1, 2, 3]) expect(await before.evaluate((n) => page.sizeOf(n), seed)).toBe(300_000)
  await before.evaluate(() => page.close())
  await before.close()
  const offline = await open('real-engine.html?offline')
  await offline.evaluate(() => page.insert(9))
  await offline.evaluate(() => page.close())
  await offline.close()

  await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'file_systems' })
  const after = await open(`real-engine.html?${STORED}`)
  await expect.poll(() => after.evaluate(() => page.told().map(({ event }) => event).sort()), WITHIN).toEqual(['blobLost', 'storageLost'])
  expect(await after.evaluate(() => page.told().find(({ event }) => event === 'storageLost')?.payload)).toEqual({ part: 'cache', mutations: 0, uploads: 1 })
  await expect.poll(() => after.evaluate(() => page.stats()), WITHIN).toMatchObject({ used: 0, items: 0 })
  expect(await after.evaluate(() => page.sizeOf(2))).toBe(300_000)
  expect(await after.evaluate(() => page.rows())).toEqual(['photo 1', 'photo 2', 'photo 3', 'photo 9'])
})

// F-27
it('takes over the files that the browser left when it cleared the records', PATIENT, async () => {
  const { devtools, origin, open } = await openChromium()
  const before = await open(`real-engine.html?${STORED}`)
  await expect.poll(() => before.evaluate(() => page.rows()), WITHIN).toHaveLength(3)
  for (const seed of [1, 2]) expect(await before.evaluate((n) => page.sizeOf(n), seed)).toBe(300_000)
  await before.evaluate(() => page.close())
  await before.close()

  await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
  const after = await open(`real-engine.html?${STORED}`)
  await expect.poll(() => after.evaluate(() => page.rows()), WITHIN).toHaveLength(3)
  for (const seed of [1, 2]) expect(await after.evaluate((n) => page.sizeOf(n), seed)).toBe(300_000)
  expect(await after.evaluate(() => page.opens())).toBe(0)
  expect(await after.evaluate(() => page.sizeOf(3))).toBe(300_000)
  expect(await after.evaluate(() => page.opens())).toBe(1)
  await expect.poll(() => after.evaluate(() => page.stats()), WITHIN).toMatchObject({ used: 900_000, items: 3 })
})

// F-26
it('goes on in a page whose whole storage the browser clears, and counts nothing that is gone', PATIENT, async () => {
  const { devtools, origin, open } = await openChromium()
  const tab = await open(`real-engine.html?${STORED}`)
  await expect.poll(() => tab.evaluate(() => page.rows()), WITHIN).toHaveLength(3)
  expect(await tab.evaluate(() => page.sizeOf(1))).toBe(300_000)
  await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb,file_systems' })
  await expect.poll(() => tab.evaluate(() => page.told().map(({ event }) => event)), WITHIN).toContain('storageLost')
  await expect.poll(() => tab.evaluate(() => page.stats()), WITHIN).toMatchObject({ used: 0, items: 0 })
  await expect.poll(() => tab.evaluate(() => page.sizeOf(2)), WITHIN).toBe(300_000)
})
