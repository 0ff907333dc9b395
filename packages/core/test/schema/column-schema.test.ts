import type { StandardSchemaV1 } from '@standard-schema/spec'
import * as Effect from 'effect/Effect'
import * as EffectSchema from 'effect/Schema'
import * as SchemaGetter from 'effect/SchemaGetter'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as z from 'zod'
import {
  parseSchema, validateInsert, validateUpdate, type CheckSchema, type InsertOf, type RowOf, type SchemaDefinition, type Table, type UpdateOf,
} from '../../src/schema/index.ts'
import { errorOf, existing, issuesOf } from './support.ts'

function inferred<const S extends SchemaDefinition>(schema: S & CheckSchema<S>): S {
  return schema
}

const table = (schema: SchemaDefinition): Table => existing(parseSchema(schema), 'people')

const zodSchema = inferred({
  people: {
    id: 'string',
    email: { type: 'string', schema: z.email('is no address').toLowerCase().brand<'Email'>() },
    level: { type: 'string', schema: z.enum(['new', 'old']), default: 'new' },
    bornAt: { type: 'datetime', schema: z.iso.date().transform((text) => new Date(text)), optional: true },
    visits: { type: 'integer', schema: z.coerce.number().min(0), optional: true },
    address: { type: 'json', schema: z.object({ zip: z.string().length(5), lines: z.array(z.string().min(1)), note: z.string().optional() }), optional: true },
  },
})

const Address = EffectSchema.Struct({ zip: EffectSchema.String.check(EffectSchema.isPattern(/^\d{5}$/)), lines: EffectSchema.Array(EffectSchema.NonEmptyString) })
const effectSchema = inferred({
  people: {
    id: 'string',
    email: { type: 'string', schema: EffectSchema.toStandardSchemaV1(EffectSchema.String.check(EffectSchema.isIncluding('@')).pipe(EffectSchema.brand('Email'))) },
    level: { type: 'string', schema: EffectSchema.toStandardSchemaV1(EffectSchema.Literals(['new', 'old'])), default: 'new' },
    visits: { type: 'integer', schema: EffectSchema.toStandardSchemaV1(EffectSchema.FiniteFromString), optional: true },
    address: { type: 'json', schema: EffectSchema.toStandardSchemaV1(Address), optional: true },
  },
})

const people = { zod: table(zodSchema), effect: table(effectSchema) }
const address = { zip: '12345', lines: ['Main St 1'] }

// R-080 R-204
describe.each(Object.entries(people))('a column with a schema of %s', (_, given) => {
  it('takes what the schema takes', () => {
    expect(validateInsert(given, { email: 'a@b.org', address }).values).toEqual({ email: 'a@b.org', level: 'new', address })
  })

  it('stores what the schema makes of the input', () => {
    expect(validateUpdate(given, { visits: '12' }).values).toEqual({ visits: 12 })
  })

  it('reports all issues of all columns, with their paths', () => {
    const issues = issuesOf(() => validateInsert(given, { email: 'nobody', level: 'odd', address: { zip: '1', lines: ['x', ''] }, nope: 1 }))
    expect(issues.map(({ column, rule }) => `${column} ${rule}`)).toEqual(['nope unknown-column', 'email custom', 'level custom', 'address custom', 'address custom'])
    const [zip, line] = issues.filter(({ column }) => column === 'address').map(({ message }) => message)
    expect(zip).toMatch(/^at zip: ./)
    expect(line).toMatch(/^at lines\[1\]: ./)
  })

  it('is checked by updates, too', () => {
    expect(issuesOf(() => validateUpdate(given, { level: 'odd' })).map(({ column, rule }) => [column, rule])).toEqual([['level', 'custom']])
  })

  it('is not asked about null and about what is left out', () => {
    expect(validateUpdate(given, { address: null, visits: undefined }).values).toEqual({ address: null })
    expect(issuesOf(() => validateInsert(given, { email: null }))).toMatchObject([{ column: 'email', rule: 'required' }])
  })
})

describe('a schema that transforms', () => {
  it('may change the type to that of the column', () => {
    expect(validateInsert(people.zod, { email: 'A@B.org', bornAt: '2001-02-03' }).values)
      .toEqual({ email: 'a@b.org', level: 'new', bornAt: '2001-02-03T00:00:00.000Z' })
  })

  it.each([
    ['string', 'a\0b'], ['string', 5], ['string', null], ['string', undefined], ['integer', 1.5], ['datetime', '2001-02-03'], ['uuid', 'x'], ['boolean', 1],
    ['json', undefined], ['json', { at: new Date() }], ['json', { left: undefined }],
  ] as const)('cannot smuggle into a %s column what it cannot hold (%#)', (type, made) => {
    const given = table({ people: { id: 'string', value: { type, schema: z.any().transform(() => made) } } } as SchemaDefinition)
    expect(issuesOf(() => validateInsert(given, { value: 'x' }))).toMatchObject([{ column: 'value', rule: 'type' }])
  })

  it('gives a value that later changes of its output do not reach', () => {
    const made = { list: [1] }
    const given = table({ people: { id: 'string', value: { type: 'json', schema: z.any().transform(() => made) } } })
    const { values } = validateInsert(given, { value: 1 })
    made.list.push(2)
    expect(values).toEqual({ value: { list: [1] } })
  })
})

describe('a schema that does not answer at once', () => {
  const late = z.string().refine(async (text) => text.length > 1)
  const decodesLate = EffectSchema.String.pipe(EffectSchema.decode({ decode: SchemaGetter.transformEffect((text: string) => Effect.promise(async () => text)), encode: SchemaGetter.passthrough() }))

  it.each<[string, StandardSchemaV1<unknown, string>]>([
    ['Zod', late],
    ['Effect', EffectSchema.toStandardSchemaV1(decodesLate)],
    ['a library that rejects', { '~standard': { version: 1, vendor: 'x', validate: () => Promise.reject(new Error('late')) } }],
  ])('of %s is refused at the write', (_, schema) => {
    const given = table({ people: { id: 'string', name: { type: 'string', schema } } })
    const [issue] = issuesOf(() => validateInsert(given, { name: 'fine' }))
    expect(issue).toMatchObject({ column: 'name', rule: 'custom' })
    expect(issue?.message).toContain('asynchronously')
  })
})

describe('a schema of a column', () => {
  const standard = (validate: StandardSchemaV1.Props['validate']): StandardSchemaV1<unknown, string> => {
    // Some libraries make functions of their schemas.
    return Object.assign(() => undefined, { '~standard': { version: 1, vendor: 'x', validate } }) as unknown as StandardSchemaV1<unknown, string>
  }

  it('names a path whose segments are objects and symbols', () => {
    const given = table({ people: { id: 'string', name: { type: 'string', schema: standard(() => ({ issues: [{ message: 'no', path: [{ key: 'a' }, Symbol('b'), 0] }] })) } } })
    expect(issuesOf(() => validateInsert(given, { name: 'x' }))).toEqual([{ column: 'name', rule: 'custom', message: 'at a.Symbol(b)[0]: no' }])
  })

  it('refuses also without a reason', () => {
    const given = table({ people: { id: 'string', name: { type: 'string', schema: standard(() => ({ issues: [] })) } } })
    expect(issuesOf(() => validateInsert(given, { name: 'x' }))).toMatchObject([{ column: 'name', rule: 'custom' }])
  })

  it('stops the write with what it throws', () => {
    const given = table({ people: { id: 'string', name: { type: 'string', schema: standard(() => { throw new RangeError('bug') }) } } })
    expect(() => validateInsert(given, { name: 'x' })).toThrow(new RangeError('bug'))
  })

  it('checks constant defaults when the engine is made, others at the insert', () => {
    const wrong = (value: unknown): SchemaDefinition => ({ people: { id: 'string', level: { type: 'string', schema: z.string().max(3), default: value } } } as SchemaDefinition)
    expect(errorOf('CONFIG_INVALID', () => parseSchema(wrong('long'))).details).toEqual({ option: 'schema.people.level.default' })
    expect(issuesOf(() => validateInsert(table(wrong(() => 'long')), {}))).toMatchObject([{ column: 'level', rule: 'custom' }])
    expect(validateInsert(table(wrong('ok')), {}).values).toEqual({ level: 'ok' })
  })

  it.each([z, {}, null, 'x', { '~standard': { version: 2, validate: () => undefined } }, EffectSchema.String])('is refused without the interface (%#)', (schema) => {
    const definition = { people: { id: 'string', name: { type: 'string', schema } } } as unknown as SchemaDefinition
    expect(errorOf('CONFIG_INVALID', () => parseSchema(definition)).details).toEqual({ option: 'schema.people.name.schema' })
  })

  it('is no option of references and blobs', () => {
    const families = { id: 'string' } as const
    for (const column of [{ type: 'ref', table: 'families', schema: z.string() }, { type: 'blob', schema: z.any() }]) {
      const definition = { people: { id: 'string', it: column }, families } as unknown as SchemaDefinition
      expect(errorOf('CONFIG_INVALID', () => parseSchema(definition)).details).toEqual({ option: 'schema.people.it.schema' })
    }
  })
})

// R-079 R-080
describe('types of columns with a schema', () => {
  type Z = typeof zodSchema
  type E = typeof effectSchema

  it('read as the output', () => {
    expectTypeOf<RowOf<Z, 'people'>>().toEqualTypeOf<{
      readonly id: string
      readonly email: string & z.core.$brand<'Email'>
      readonly level: 'new' | 'old'
      readonly bornAt: Date | null
      readonly visits: number | null
      readonly address: { zip: string; lines: string[]; note?: string | undefined } | null
    }>()
    expectTypeOf<RowOf<E, 'people'>['level']>().toEqualTypeOf<'new' | 'old'>()
    expectTypeOf<RowOf<E, 'people'>['visits']>().toEqualTypeOf<number | null>()
    expectTypeOf<RowOf<E, 'people'>['address']>().toEqualTypeOf<{ readonly zip: string; readonly lines: readonly string[] } | null>()
  })

  it('take the input', () => {
    expectTypeOf<InsertOf<Z, 'people'>['email']>().toEqualTypeOf<string>()
    expectTypeOf<InsertOf<Z, 'people'>['level']>().toEqualTypeOf<'new' | 'old' | undefined>()
    expectTypeOf<InsertOf<Z, 'people'>['bornAt']>().toEqualTypeOf<string | null | undefined>()
    expectTypeOf<UpdateOf<E, 'people'>['visits']>().toEqualTypeOf<string | null | undefined>()
    // What was read can be written, where the schema does not change the type.
    expectTypeOf<RowOf<Z, 'people'>['email']>().toExtend<InsertOf<Z, 'people'>['email']>()
  })
})
