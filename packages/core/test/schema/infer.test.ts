import { describe, expectTypeOf, it } from 'vitest'
import type { BlobColumnsOf, BlobInput, CheckSchema, InsertOf, RowOf, SchemaDefinition, TableNamesOf, UpdateOf } from '../../src/schema/index.ts'
import type { BlobRef } from '../../src/wire/blob-ref.ts'
import type { Json } from '../../src/wire/json.ts'

/** Keeps the literal types of a schema, as `createSyncEngine` does, without `as const`. */
function inferred<const S extends SchemaDefinition>(schema: S & CheckSchema<S>): S {
  return schema
}

const schema = inferred({
  photos: {
    id: 'uuid',
    title: 'string',
    takenAt: 'datetime',
    familyId: { type: 'ref', table: 'families' },
    image: { type: 'blob', mimeTypes: ['image/*'] },
    audio: { type: 'blob', mimeTypes: ['audio/*'], optional: true },
    stars: { type: 'integer', default: 0 },
    hidden: { type: 'boolean', default: () => false },
    editedAt: { type: 'datetime', optional: true },
    tags: 'json',
  },
  families: { id: 'string', name: 'string' },
})
type S = typeof schema

//
describe('types of a schema', () => {
  it('knows the tables and their blob columns', () => {
    expectTypeOf<TableNamesOf<S>>().toEqualTypeOf<'photos' | 'families'>()
    expectTypeOf<BlobColumnsOf<S, 'photos'>>().toEqualTypeOf<'image' | 'audio'>()
    expectTypeOf<BlobColumnsOf<S, 'families'>>().toEqualTypeOf<never>()
  })

  it('gives rows with dates, references and null', () => {
    expectTypeOf<RowOf<S, 'photos'>>().toEqualTypeOf<{
      readonly id: string
      readonly title: string
      readonly takenAt: Date
      readonly familyId: string
      readonly image: BlobRef
      readonly audio: BlobRef | null
      readonly stars: number
      readonly hidden: boolean
      readonly editedAt: Date | null
      readonly tags: NonNullable<Json>
    }>()
  })

  it('lets an insert leave out what has a value without it', () => {
    expectTypeOf<InsertOf<S, 'photos'>>().toEqualTypeOf<{
      readonly title: string
      readonly takenAt: Date
      readonly familyId: string
      readonly image: BlobInput
      readonly tags: NonNullable<Json>
      readonly id?: string | undefined
      readonly audio?: BlobInput | null | undefined
      readonly stars?: number | undefined
      readonly hidden?: boolean | undefined
      readonly editedAt?: Date | null | undefined
    }>()
    expectTypeOf<BlobInput>().toEqualTypeOf<File | Blob | BlobRef | `sha256:${string}`>()
  })

  it('lets an update name any column but the id', () => {
    expectTypeOf<keyof UpdateOf<S, 'photos'>>().toEqualTypeOf<Exclude<keyof RowOf<S, 'photos'>, 'id'>>()
    expectTypeOf<UpdateOf<S, 'families'>>().toEqualTypeOf<{ readonly name?: string | undefined }>()
    expectTypeOf<UpdateOf<S, 'photos'>['audio']>().toEqualTypeOf<BlobInput | null | undefined>()
  })

  it('reads a column of unknown optionality as nullable', () => {
    const isOptional: boolean = Math.random() > 2
    const dynamic = inferred({ notes: { id: 'uuid', text: { type: 'string', optional: isOptional } } })
    expectTypeOf<RowOf<typeof dynamic, 'notes'>['text']>().toEqualTypeOf<string | null>()
  })

  it('takes a schema whose names are not known', () => {
    expectTypeOf<SchemaDefinition>().toExtend<CheckSchema<SchemaDefinition>>()
    expectTypeOf<RowOf<SchemaDefinition, string>['id']>().toEqualTypeOf<string>()
  })
})
