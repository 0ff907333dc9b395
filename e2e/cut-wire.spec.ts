import { expect } from '@playwright/test'
import { FamilyPage } from './support/family-page.ts'
import { hashesOfServedBytes, listBlobs } from './support/remote.ts'
import { serverRows } from './support/server-rows.ts'
import { appliedMutations } from './support/stored.ts'
import { test } from './support/test.ts'

// cut before the first byte, after it, in the middle, and before the last one.
test('arrives whole although the wire is cut at any byte', async ({ newDevice, photos, server, wire }) => {
  const [file] = await photos(1)
  const { hash = '', sizeBytes = 0 } = file ?? {}
  const family = await FamilyPage.open(await newDevice(), wire.url)
  const cuts = [0, 1, Math.floor(sizeBytes / 2), sizeBytes - 1]
  let cut = wire.cutOnce({ when: 'upload-reaches', bytes: cuts[0] ?? 0 })
  await family.drop(file === undefined ? [] : [file])
  for (const [index, bytes] of cuts.entries()) {
    expect(await cut).toEqual({ hash, sizeBytes, sentBytes: bytes })
    // Chromium may repeat the request by itself at once: while we look, nothing gets through, so that no cut comes too late.
    await wire.close()
    expect(await listBlobs(server.url), 'no half blob is shown').toEqual([])
    const next = cuts[index + 1]
    if (next !== undefined) cut = wire.cutOnce({ when: 'upload-reaches', bytes: next })
    await wire.open()
  }
  await family.synced(1)
  expect(await hashesOfServedBytes(server.url, await listBlobs(server.url))).toEqual([hash])
})

// F-38: Chromium repeats by itself what dies on a connection that it has used before, so the wire stays cut until it has given up.
test('does not send again what the server has, though its answer was lost', async ({ newDevice, photos, server, wire }) => {
  const [file] = await photos(1)
  const family = await FamilyPage.open(await newDevice(), wire.url)
  const cut = wire.cutOnce({ when: 'upload-is-answered' })
  await family.drop(file === undefined ? [] : [file])
  await cut
  await wire.close()
  expect(await listBlobs(server.url), 'the server had stored it').toEqual([file?.hash])
  await expect(family.pendingCount).toHaveAttribute('data-state', 'waiting')
  await wire.open()
  await family.synced(1)
  expect(wire.uploadBytes, 'bytes that went up').toBe(file?.sizeBytes)
})

// F-5
test('does not send again what the server has, though the browser died before it knew', async ({ newDevice, photos, server, wire }) => {
  const [file] = await photos(1)
  const device = await newDevice()
  const killed = await FamilyPage.open(device, wire.url)
  const cut = wire.cutOnce({ when: 'upload-is-answered' })
  await killed.drop(file === undefined ? [] : [file])
  await cut
  await Promise.all([wire.close(), device.kill()])
  expect(await listBlobs(server.url), 'the server had stored it').toEqual([file?.hash])

  await Promise.all([wire.open(), device.start()])
  const reopened = await FamilyPage.open(device, wire.url)
  await reopened.synced(1)
  expect(await reopened.hashes()).toEqual([file?.hash])
  expect(await listBlobs(server.url)).toEqual([file?.hash])
  expect(wire.uploadBytes, 'bytes that went up').toBe(file?.sizeBytes)
})

// F-6: the id of the mutation stays on the device, the server has one entry for each cell and each time it was written.
test('writes a row once, though the browser died before it knew that the server has it', async ({ newDevice, photos, server, wire }) => {
  const [file] = await photos(1)
  const device = await newDevice()
  const killed = await FamilyPage.open(device, wire.url)
  const made = (table: string) => async (): Promise<number> => (await serverRows(server.url)).made(table).length
  await killed.page.getByTestId('new-album').click()
  // A page that has just been opened owes nothing either: the wire must be up before it loses what the server says.
  await expect.poll(made('albums'), { message: 'albums that the server has' }).toBe(1)
  await killed.synced(0)
  wire.mute()
  await killed.drop(file === undefined ? [] : [file])
  await expect.poll(made('photos'), { message: 'photos that the server has' }).toBe(1)
  await expect(killed.pendingCount, 'and the device still owes').toHaveAttribute('data-count', '1')
  const applied = await appliedMutations(killed.page)
  await Promise.all([wire.close(), device.kill()])

  await Promise.all([wire.open(), device.start()])
  const reopened = await FamilyPage.open(device, wire.url)
  await reopened.synced(1)
  const rows = await serverRows(server.url)
  expect(rows.made('photos'), 'rows').toEqual(killed.saved.map(({ id }) => id))
  expect(rows.rewritten, 'cells that were written again').toEqual([])
  expect(await appliedMutations(reopened.page), 'mutation ids that were applied').toEqual(applied)
})
