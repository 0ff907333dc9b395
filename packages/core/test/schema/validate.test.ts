import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { validateInsert, validateUpdate } from '../../src/schema/index.ts'
import type { BlobRef } from '../../src/wire/blob-ref.ts'
import { errorOf, faultsOf, hashOf, issuesOf, photos, png, refOf, tableOf, wholePhoto } from './support.ts'

const id = '0192f0c1-2345-7abc-8def-0123456789ab'
const insert = (more: object): ReturnType<typeof validateInsert> => validateInsert(photos, { ...wholePhoto(), ...more })

describe('validateInsert', () => {
  it('encodes values for the wire and sets bytes apart', () => {
    // R-073 R-076
    const image = png()
    const write = insert({ id, image, ratio: -0, tags: { a: [1, null] } })
    expect(write).toEqual({
      id,
      values: { title: 'Cat', takenAt: '2026-01-02T03:04:05.678Z', familyId: 'smiths', stars: 0, hidden: false, ratio: 0, tags: { a: [1, null] } },
      blobs: [{ column: 'image', blob: image, type: 'image/png', name: 'cat.png', asHash: false }],
    })
    expect(write.blobs[0]?.blob).toBe(image)
    expect(Object.is(write.values.ratio, 0)).toBe(true)
  })

  it('takes defaults only for columns left out', () => {
    expect(insert({ stars: 5, hidden: true }).values).toMatchObject({ stars: 5, hidden: true })
    expect(insert({ stars: undefined }).values).toMatchObject({ stars: 0, hidden: false })
    expect(faultsOf(() => insert({ stars: null }))).toEqual(['stars required'])
  })

  it('checks what a default function makes', () => {
    const table = tableOf({ notes: { id: 'uuid', at: { type: 'datetime', default: () => new Date(Number.NaN) } } }, 'notes')
    expect(faultsOf(() => validateInsert(table, {}))).toEqual(['at type'])
  })

  it('lets an optional blob out and wants a required one', () => {
    //
    expect(insert({}).values).not.toHaveProperty('audio')
    expect(insert({ audio: null }).values.audio).toBeNull()
    expect(faultsOf(() => insert({ image: undefined }))).toEqual(['image required'])
    expect(faultsOf(() => insert({ image: null }))).toEqual(['image required'])
  })

  it('reports every issue of an input at once', () => {
    const faults = faultsOf(() => validateInsert(photos, { id: 'x', title: 1, takenAt: '2026', image: new Blob(['x'], { type: 'text/html' }), nope: 1 }))
    expect([...faults].sort()).toEqual(['familyId required', 'id type', 'image mime-type', 'nope unknown-column', 'takenAt type', 'title type'])
  })

  it.each([
    ['title', 5], ['title', null], ['title', new String('x')], ['takenAt', 'yesterday'], ['takenAt', 1_700_000_000_000], ['takenAt', new Date(Number.NaN)],
    ['takenAt', new Date(8.64e15)], ['takenAt', new Date('0000-12-31T23:59:59.999Z')], ['stars', 1.5], ['stars', 2 ** 53], ['stars', '1'],
    ['stars', 10n], ['ratio', Number.NaN], ['ratio', Number.POSITIVE_INFINITY], ['ratio', '1'], ['hidden', 1], ['hidden', 'true'],
    ['familyId', ''], ['familyId', 'x'.repeat(256)], ['familyId', 7], ['image', 'cat.png'], ['image', {}], ['image', { hash: 'sha256:1' }],
    ['image', new Uint8Array(3)], ['tags', () => 1], ['tags', Symbol('x')],
  ])('refuses in %s the value %s', (column, value) => {
    expect(issuesOf(() => insert({ [column]: value })).map((issue) => issue.column)).toEqual([column])
  })

  it('takes the first and last instant that ISO 8601 writes plainly', () => {
    for (const iso of ['0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z']) expect(insert({ takenAt: new Date(iso) }).values.takenAt).toBe(iso)
  })

  it.each(['image/jpeg', 'image/svg+xml'])('takes an image of type %s', (type) => {
    expect(insert({ image: new Blob(['x'], { type }) }).blobs).toHaveLength(1)
  })

  it.each(['audio/mpeg', 'text/html', ''])('refuses an image of type "%s"', (type) => {
    //
    expect(faultsOf(() => insert({ image: new Blob(['x'], { type }) }))).toEqual(['image mime-type'])
    expect(faultsOf(() => insert({ image: refOf('a', { type }) }))).toEqual(['image mime-type'])
  })

  it('takes bytes up to exactly the limit', () => {
    // E-046 E-047
    expect(insert({ image: png(10_000_000) }).blobs[0]?.blob.size).toBe(10_000_000)
    expect(faultsOf(() => insert({ image: png(10_000_001) }))).toEqual(['image max-size'])
    expect(insert({ image: refOf('a', { sizeBytes: 10_000_000 }) }).blobs).toEqual([])
    expect(faultsOf(() => insert({ image: refOf('a', { sizeBytes: 10_000_001 }) }))).toEqual(['image max-size'])
  })

  it('takes any type and size where the column names none', () => {
    // E-044
    const table = tableOf({ files: { id: 'uuid', file: { type: 'blob' } } }, 'files')
    expect(validateInsert(table, { file: new Blob([new Uint8Array(20_000_000)]) }).blobs).toMatchObject([{ type: '', name: undefined }])
  })

  it('refuses both type and size of one blob', () => {
    expect(faultsOf(() => insert({ image: new Blob([new Uint8Array(10_000_001)]) }))).toEqual(['image mime-type', 'image max-size'])
  })

  it('copies a reference, with what was derived', () => {
    const ref = { ...refOf('a'), thumbhash: 'x' }
    const write = insert({ image: ref })
    expect(write.values.image).toEqual(ref)
    expect(write.values.image).not.toBe(ref)
    expect(write.blobs).toEqual([])
  })

  it('takes a reference whose hash is still pending', () => {
    const ref = { ...refOf('a'), hash: 'pending:0192f0c1' } as unknown as BlobRef
    expect(insert({ image: ref }).values.image).toEqual(ref)
  })

  it('takes a bare hash that can be resolved', () => {
    const asked: string[] = []
    const resolveRef = (hash: string): BlobRef | undefined => {
      asked.push(hash)
      return hash === hashOf('a') ? refOf('a') : undefined
    }
    const withImage = (image: string): unknown => validateInsert(photos, { ...wholePhoto(), image }, { resolveRef })
    expect(withImage(`sha256-${'a'.repeat(64)}`)).toMatchObject({ values: { image: refOf('a') } })
    expect(faultsOf(() => withImage(hashOf('b')))).toEqual(['image type'])
    expect(faultsOf(() => withImage('pending:1'))).toEqual(['image type'])
    expect(faultsOf(() => withImage('https://example.org/cat.png'))).toEqual(['image type'])
    expect(asked).toEqual([hashOf('a'), hashOf('b'), 'pending:1'])
    expect(faultsOf(() => insert({ image: hashOf('a') }))).toEqual(['image type'])
  })

  it('knows bytes and dates of another realm', () => {
    const foreign = runInNewContext('({ date: new Date(0), tags: { a: [1] } })') as { date: Date; tags: unknown }
    expect(foreign.date).not.toBeInstanceOf(Date)
    expect(insert({ takenAt: foreign.date, tags: foreign.tags }).values).toMatchObject({ takenAt: '1970-01-01T00:00:00.000Z', tags: { a: [1] } })
    class Blob2 {
      readonly size = 3
      readonly type = 'image/png'
      readonly name = 'far.png'
      readonly [Symbol.toStringTag] = 'File'
      slice(): Blob { return new Blob() }
    }
    const far = new Blob2()
    expect(insert({ image: far }).blobs).toMatchObject([{ column: 'image', type: 'image/png', name: 'far.png' }])
  })

  it('makes the name of a file storable', () => {
    expect(insert({ image: png(1, 'a\0b.png') }).blobs[0]?.name).toBe('ab.png')
    expect(insert({ image: png(1, '\0') }).blobs[0]?.name).toBeUndefined()
    expect(insert({ image: new Blob(['x'], { type: 'image/png' }) }).blobs[0]?.name).toBeUndefined()
  })

  it.each([id, '00000000-0000-0000-0000-000000000000'])('takes the uuid %s as an id', (uuid) => {
    expect(insert({ id: uuid }).id).toBe(uuid)
  })

  it.each(['', 'x', id.toUpperCase(), ` ${id}`, `${id}\n`, id.replaceAll('-', ''), 7, null, {}])('refuses %j as a uuid', (value) => {
    expect(faultsOf(() => insert({ id: value }))).toEqual(['id type'])
  })

  it('takes text of 1 to 255 characters as an id', () => {
    const families = tableOf({ families: { id: 'string' } }, 'families')
    expect(validateInsert(families, { id: 'x'.repeat(255) }).id).toBe('x'.repeat(255))
    expect(validateInsert(families, {}).id).toBeUndefined()
    for (const bad of ['', 'x'.repeat(256), 1, 'a\0b', '\ud800']) expect(faultsOf(() => validateInsert(families, { id: bad }))).toEqual(['id type'])
  })

  it('wants the kind of id that a ref points to', () => {
    const table = tableOf({ a: { id: 'uuid' }, b: { id: 'uuid', a: { type: 'ref', table: 'a' } } }, 'b')
    expect(validateInsert(table, { a: id }).values).toEqual({ a: id })
    expect(faultsOf(() => validateInsert(table, { a: 'anything' }))).toEqual(['a type'])
  })

  it.each([undefined, null, 'text', 5, []])('refuses %j as an input', (input) => {
    expect(faultsOf(() => validateInsert(photos, input))).toContain(' type')
  })

  it('names columns and rules in its message, never values', () => {
    const error = errorOf('VALIDATION_FAILED', () => insert({ title: 5, 'secret-key': 'secret-value' }))
    expect(error.message).toBe('schema.validateInsert: photos: unknown-column, title (type)')
    expect(error.retryable).toBe(false)
  })

  it('is not changed by what the caller does afterwards', () => {
    const tags = { list: [1] }
    const takenAt = new Date(0)
    const { values } = insert({ tags, takenAt })
    tags.list.push(2)
    takenAt.setTime(5)
    expect(values).toMatchObject({ tags: { list: [1] }, takenAt: '1970-01-01T00:00:00.000Z' })
  })
})

describe('validateUpdate', () => {
  it('takes only the columns that are given', () => {
    const image = png()
    expect(validateUpdate(photos, { title: 'Dog', audio: null, ratio: undefined, image })).toEqual({
      id: undefined, values: { title: 'Dog', audio: null }, blobs: [{ column: 'image', blob: image, type: 'image/png', name: 'cat.png', asHash: false }],
    })
    expect(validateUpdate(photos, {})).toEqual({ id: undefined, values: {}, blobs: [] })
  })

  it('refuses to empty a required column or change an id', () => {
    expect(faultsOf(() => validateUpdate(photos, { id, title: null, image: null, nope: 1, stars: 'x' }))).toEqual([
      'nope unknown-column', 'id reserved', 'title required', 'image required', 'stars type',
    ])
  })
})
