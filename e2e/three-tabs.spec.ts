import { expect } from '@playwright/test'
import { FamilyPage } from './support/family-page.ts'
import { hashesOfServedBytes, listBlobs } from './support/remote.ts'
import { serverRows } from './support/server-rows.ts'
import { appliedMutations, queuedMutations } from './support/stored.ts'
import { test } from './support/test.ts'

const TABS = 3
const EACH = 3

/*
 * The id of a mutation never travels with rows over Yjs: the server has a document and no endpoint for mutations. So each id is counted where
 * it is, in the device's queue and then among those that the data provider has put into its document; and on the server its effect is
 * counted, because a write that is applied again leaves a second entry for each of its cells in the document, for ever.
 */
// R-003 R-094 R-096 R-098 R-178 F-14
test('sends what three tabs took offline once, from the one that is opened again', async ({ newDevice, photos, server, wire }) => {
  const files = await photos(TABS * EACH)
  const expected = files.map(({ hash }) => hash).sort()
  const device = await newDevice()
  const first = await FamilyPage.open(device, wire.url)
  await first.installed()
  await first.page.getByTestId('new-album').click()
  await expect.poll(async () => (await serverRows(server.url)).made('albums').length, { message: 'albums that the server has' }).toBe(1)
  await first.synced(0)
  const tabs = [first, await FamilyPage.open(device, wire.url), await FamilyPage.open(device, wire.url)]
  for (const tab of tabs) await expect(tab.page.getByTestId('album')).toHaveCount(1)
  const appliedBefore = await appliedMutations(first.page)

  await wire.close()
  await Promise.all(tabs.map((tab, at) => tab.drop(files.slice(at * EACH, (at + 1) * EACH))))
  await expect.poll(() => tabs.map(({ saved }) => saved.length)).toEqual(tabs.map(() => EACH))
  for (const tab of tabs) await expect.poll(() => tab.hashes(), { message: 'each tab shows all' }).toEqual(expected)
  const ids = tabs.flatMap(({ saved }) => saved.map(({ id }) => id)).sort()
  await Promise.all(tabs.map((tab) => tab.page.close()))

  const reopened = await FamilyPage.open(device, wire.url)
  await expect.poll(() => reopened.hashes(), { message: 'all of it is there before there is a network' }).toEqual(expected)
  const queued = await queuedMutations(reopened.page)
  expect(new Set(queued).size, 'mutation ids in the queue').toBe(files.length)

  await wire.open()
  await reopened.synced(files.length)
  expect(await queuedMutations(reopened.page)).toEqual([])
  expect(await appliedMutations(reopened.page), 'mutation ids that were applied').toEqual([...appliedBefore, ...queued].sort())

  const puts = server.requests.filter(({ method }) => method === 'PUT')
  expect(puts.map(({ path, status }) => `${path} ${status}`).sort(), 'uploads by the log').toEqual(expected.map((hash) => `/blobs/${hash} 201`))
  expect(wire.uploadBytes, 'bytes of all upload bodies').toBe(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  expect(await listBlobs(server.url), 'blobs').toEqual(expected)
  expect(await hashesOfServedBytes(server.url, expected)).toEqual(expected)
  const rows = await serverRows(server.url)
  expect(rows.made('photos'), 'rows').toEqual(ids)
  expect(rows.made('albums')).toHaveLength(1)
  expect(rows.rewritten, 'cells that were written again').toEqual([])
})
