import { expect } from '@playwright/test'
import { join } from 'node:path'
import { FamilyPage } from './support/family-page.ts'
import { NodeDevice } from './support/node-device.ts'
import { listBlobs } from './support/remote.ts'
import { test } from './support/test.ts'

// the whole engine in Node: SQLite for its records, files for its blobs.
test('syncs between a process and a browser, also when the process is killed offline', async ({ folder, newDevice, photos, server, wire }) => {
  const [first, second, third] = await photos(3)
  if (first === undefined || second === undefined || third === undefined) throw new Error('no photos')
  const device = new NodeDevice(join(folder, 'node'), wire.url)
  await device.start()
  await device.add(first)
  await expect.poll(() => listBlobs(server.url)).toEqual([first.hash])

  const family = await FamilyPage.open(await newDevice(), server.url)
  await expect.poll(() => family.hashes()).toEqual([first.hash])
  await family.rendered()
  await family.drop([second])
  await expect.poll(() => device.hashes(), { message: 'saved by the process' }).toEqual([first.hash, second.hash].sort())

  await wire.close()
  await device.add(third)
  await expect.poll(() => device.lines.filter((line) => line.startsWith('added ')).length).toBe(2)
  await device.stop('SIGKILL')
  await wire.open()
  await device.start()
  await expect.poll(() => family.hashes(), { message: 'in the browser' }).toEqual([first.hash, second.hash, third.hash].sort())
  expect(await device.stop('SIGTERM')).toBe(0)
})
