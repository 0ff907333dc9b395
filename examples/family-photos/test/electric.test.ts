import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { createMutationHandler } from '@bse/server/mutations'
import { createShapeHandler, openPglite } from '@bse/server/shapes'
import { albumOn } from './support/album-on.ts'

it('shows photos of one device on another by way of Postgres and the protocol of Electric', async () => {
  const database = await openPglite(undefined)
  const sql = await readFile(new URL('../tables.sql', import.meta.url), 'utf8')
  for (const statement of sql.split(';').filter((text) => text.trim() !== '')) await database.query(statement)
  const shapes = await createShapeHandler({ database })
  const { hash, width } = await albumOn(undefined, {
    electric: JSON.stringify({ url: '/', mutationsUrl: '/mutations' }),
    server: { shapes, mutations: (blobs) => createMutationHandler({ database, blobs }) },
  })
  expect([hash.length, width]).toEqual([71, 1])
}, 180_000)
