import { describe, expect, it } from 'vitest'
import { isReservedTableName, parseSchema, tableShapes, type SchemaDefinition } from '../../src/schema/index.ts'
import { errorOf, existing, family, photos } from './support.ts'

const optionOf = (definition: unknown): string => errorOf('CONFIG_INVALID', () => parseSchema(definition as SchemaDefinition)).details.option
const withColumn = (column: unknown): unknown => ({ photos: { id: 'uuid', image: column } })

describe('parseSchema', () => {
  it('reads every column type of a plain object', () => {
    // R-070 R-071 R-072 R-073 R-074 R-075 R-081
    expect([...photos.columns.values()].map(({ name, type, optional }) => `${name} ${type}${optional ? '?' : ''}`)).toEqual([
      'id uuid', 'title string', 'takenAt datetime', 'familyId ref', 'image blob', 'audio blob?', 'stars integer', 'ratio number?',
      'hidden boolean', 'tags json?',
    ])
    expect(photos.blobColumns).toEqual([
      { name: 'image', type: 'blob', optional: false, mimeTypes: ['image/*'], maxSizeBytes: 10_000_000, replica: 'on-demand', holdsHash: false },
      { name: 'audio', type: 'blob', optional: true, mimeTypes: ['audio/*', 'application/ogg'], maxSizeBytes: undefined, replica: 'on-demand', holdsHash: false },
    ])
    expect(photos.refColumns).toEqual([{ name: 'familyId', type: 'ref', optional: false, table: 'families', idType: 'string' }])
  })

  it.each([
    ['an unknown short type', withColumn('strin'), 'schema.photos.image'],
    ['a short blob, which has no short form', withColumn('blob'), 'schema.photos.image'],
    ['an unknown long type', withColumn({ type: 'text' }), 'schema.photos.image'],
    ['a type that every object has', withColumn('toString'), 'schema.photos.image'],
    ['a column that is null', withColumn(null), 'schema.photos.image'],
    ['a column that is a list', withColumn(['string']), 'schema.photos.image'],
    ['a misspelt option', withColumn({ type: 'blob', mimetypes: ['image/*'] }), 'schema.photos.image.mimetypes'],
    ['a bad size', withColumn({ type: 'blob', maxSize: '10 apples' }), 'schema.photos.image.maxSize'],
    ['a size that is an object', withColumn({ type: 'blob', maxSize: {} }), 'schema.photos.image.maxSize'],
    ['an unknown replica policy', withColumn({ type: 'blob', replica: 'everywhere' }), 'schema.photos.image.replica'],
    ['a bad MIME pattern', withColumn({ type: 'blob', mimeTypes: ['image/*', 'image'] }), 'schema.photos.image.mimeTypes[1]'],
    ['a MIME pattern with a star inside', withColumn({ type: 'blob', mimeTypes: ['image/p*'] }), 'schema.photos.image.mimeTypes[0]'],
    ['any type of one subtype', withColumn({ type: 'blob', mimeTypes: ['*/png'] }), 'schema.photos.image.mimeTypes[0]'],
    ['an empty list of MIME types', withColumn({ type: 'blob', mimeTypes: [] }), 'schema.photos.image.mimeTypes'],
    ['optional that is not a boolean', withColumn({ type: 'blob', optional: 'yes' }), 'schema.photos.image.optional'],
    ['a ref to a table that is not there', withColumn({ type: 'ref', table: 'nowhere' }), 'schema.photos.image.table'],
    ['a ref to what every object has', withColumn({ type: 'ref', table: 'constructor' }), 'schema.photos.image.table'],
    ['a default of another type', withColumn({ type: 'integer', default: 1.5 }), 'schema.photos.image.default'],
    ['a default of null', withColumn({ type: 'json', default: null }), 'schema.photos.image.default'],
    ['a table without id', { photos: { title: 'string' } }, 'schema.photos.id'],
    ['an id of another type', { photos: { id: 'integer' } }, 'schema.photos.id'],
    ['a table that is not an object', { photos: 'string' }, 'schema.photos'],
    ['a schema that is not an object', undefined, 'schema'],
    ['a table name with a space', { 'my photos': { id: 'uuid' } }, 'schema.my photos'],
    ['a table name that begins with a digit', { '1photo': { id: 'uuid' } }, 'schema.1photo'],
    ['a table name of 64 characters', { ['a'.repeat(64)]: { id: 'uuid' } }, `schema.${'a'.repeat(64)}`],
    ['a column name that begins with _', { photos: { id: 'uuid', _x: 'string' } }, 'schema.photos._x'],
    ['a column that every object has', { photos: { id: 'uuid', valueOf: 'string' } }, 'schema.photos.valueOf'],
    ['an own __proto__ table', JSON.parse('{"__proto__":{"id":"uuid"}}'), 'schema.__proto__'],
    ['an own __proto__ column', JSON.parse('{"photos":{"id":"uuid","__proto__":"string"}}'), 'schema.photos.__proto__'],
  ])('refuses %s by its path', (_, definition, option) => {
    expect(optionOf(definition)).toBe(option)
  })

  it.each([
    'cache', 'blobs', 'offline', 'on', 'tables', 'ready', 'close', 'logout', 'debug', 'live', 'status', 'batch', 'then',
    ...Object.getOwnPropertyNames(Object.prototype),
  ])('refuses a table called %s', (name) => {
    const definition = Object.fromEntries([[name, { id: 'uuid' }]])
    expect(optionOf(definition)).toBe(`schema.${name}`)
    expect(isReservedTableName(name)).toBe(true)
  })

  it('takes names of up to 63 characters', () => {
    const name = 'a'.repeat(63)
    expect(existing(parseSchema({ [name]: { id: 'string' } }), name).idType).toBe('string')
  })

  it('lets a table refer to itself and to a later one', () => {
    const schema = parseSchema({
      a: { id: 'uuid', parent: { type: 'ref', table: 'a', optional: true }, other: { type: 'ref', table: 'b' } },
      b: { id: 'string' },
    })
    expect(existing(schema, 'a').refColumns.map(({ idType }) => idType)).toEqual(['uuid', 'string'])
  })

  it('describes its tables for a data provider', () => {
    expect(tableShapes(parseSchema({ notes: { id: 'uuid', text: { type: 'string', optional: true } } }))).toEqual([
      { name: 'notes', columns: [{ name: 'id', type: 'uuid', optional: false }, { name: 'text', type: 'string', optional: true }] },
    ])
    expect(tableShapes(parseSchema(family)).map(({ name }) => name)).toEqual(['photos', 'families'])
  })
})
