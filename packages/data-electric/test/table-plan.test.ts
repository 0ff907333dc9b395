import { expect, it } from 'vitest'
import { dataSuiteTables, dataTestContext, TestDataStorage } from '@bse/core/testing'
import { electricData } from '../src/index.ts'
import { planTables } from '../src/table-plan.ts'

const tables = [{ name: 'familyAlbums', columns: [{ name: 'id', type: 'uuid', optional: false }, { name: 'familyId', type: 'uuid', optional: false }, { name: 'imageURL', type: 'string', optional: true }] }] as const

it('finds tables and columns by the names that the database has', () => {
  const [same] = planTables(tables, {}, undefined)
  expect(same?.query).toEqual({ table: '"familyAlbums"' })
  expect([...(same?.columns.keys() ?? [])]).toEqual(['familyId', 'imageURL'])
  const [snake] = planTables(tables, { familyAlbums: { columns: { id: 'album_id', imageURL: 'picture' }, where: 'family_id = $1', params: ['f1'], select: 'schema' } }, 'snake')
  expect(snake?.query).toEqual({ table: 'family_albums', where: 'family_id = $1', params: ['f1'], columns: ['album_id', 'family_id', 'picture'] })
  expect(snake?.idColumn).toBe('album_id')
  const [other] = planTables(tables, { familyAlbums: { table: 'archive.albums', replica: 'full' } }, 'snake')
  expect(other?.query).toEqual({ table: 'archive.albums', replica: 'full' })
})

it('makes another plan of each option, so that stored rows are fetched anew', () => {
  const options = [{}, { table: 'other' }, { columns: { familyId: 'x' } }, { where: 'true' }, { where: 'true', params: ['1'] }, { replica: 'full' }, { select: 'schema' }] as const
  const prints = options.map((familyAlbums) => planTables(tables, { familyAlbums }, undefined)[0]?.print)
  expect(new Set(prints).size).toBe(options.length)
})

//
it.each([
  [{ tables: { nowhere: {} } }, 'data.tables.nowhere'],
  [{ tables: { photos: { columns: { nothing: 'x' } } } }, 'data.tables.photos.columns.nothing'],
  [{ tables: { photos: { columns: { title: 'caption' } } } }, 'data.tables.photos.columns'],
  [{ tables: { photos: { columns: { title: 'id' } } } }, 'data.tables.photos.columns'],
])('refuses options that the schema contradicts: %j', async (options, option) => {
  const provider = electricData({ url: 'http://127.0.0.1:1', ...options })
  await expect(provider.connect(dataTestContext(new TestDataStorage(), dataSuiteTables))).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { option } })
})

//
it.each(['ftp://electric.example', 'http://user:secret@electric.example', 'mailto:me@electric.example', 'http://'])('refuses the URL %s when it is made', (url) => {
  expect(() => electricData({ url })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { option: 'data.url' } }))
})
