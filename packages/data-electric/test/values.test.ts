import { describe, expect, it } from 'vitest'
import type { ColumnType } from '@bse/core/provider'
import { cellOf, type PgColumn } from '../src/pg-values.ts'

const cases: readonly (readonly [ColumnType, string | undefined, string, unknown])[] = [
  ['boolean', 'bool', 'true', true],
  ['boolean', 'bool', 't', true],
  ['boolean', 'bool', 'false', false],
  ['boolean', 'bool', 'f', false],
  ['boolean', 'text', 'perhaps', undefined],
  ['integer', 'int8', '-9007199254740991', -9_007_199_254_740_991],
  ['integer', 'int8', '9223372036854775807', undefined],
  ['integer', 'numeric', '1.5', undefined],
  ['integer', 'text', '', undefined],
  ['number', 'float8', '5e-324', 5e-324],
  ['number', 'numeric', '1.50', 1.5],
  ['number', 'float8', 'NaN', undefined],
  ['number', 'float4', '-Infinity', undefined],
  ['number', 'money', '$12.34', undefined],
  ['string', 'varchar', '', ''],
  ['string', 'bpchar', 'ab  ', 'ab  '],
  ['string', 'int4', '7', '7'],
  ['uuid', 'uuid', '550e8400-e29b-41d4-a716-446655440000', '550e8400-e29b-41d4-a716-446655440000'],
  ['datetime', 'timestamptz', '2026-01-31 21:59:59.5+00', '2026-01-31T21:59:59.500Z'],
  ['datetime', 'timestamptz', '2026-01-31 21:59:59.123987+05:30', '2026-01-31T16:29:59.123Z'],
  ['datetime', 'timestamptz', '1890-01-01 00:00:00-00:19:32', '1890-01-01T00:19:32.000Z'],
  ['datetime', 'timestamp', '2024-02-29 23:59:59.999', '2024-02-29T23:59:59.999Z'],
  ['datetime', 'date', '0044-03-15', '0044-03-15T00:00:00.000Z'],
  ['datetime', 'date', '0044-03-15 BC', undefined],
  ['datetime', 'timestamptz', 'infinity', undefined],
  ['datetime', 'text', '2026-01-31T21:59:59.5Z', undefined],
  ['json', 'jsonb', '{"a": [1, 2, {"b": null}]}', { a: [1, 2, { b: null }] }],
  ['json', 'jsonb', 'null', null],
  ['json', 'json', 'broken', undefined],
  ['json', 'bool', 't', true],
  ['json', 'int4', '42', 42],
  ['json', 'int8', '9223372036854775807', '9223372036854775807'],
  ['json', 'numeric', 'NaN', 'NaN'],
  ['json', 'int4range', '[1,5)', '[1,5)'],
  ['json', 'types_mood', 'happy', 'happy'],
  ['json', 'int4[]', '{}', []],
  ['json', 'int4[]', '{1,NULL,3}', [1, null, 3]],
  ['json', 'int4[]', '{{1,2},{3,4}}', [[1, 2], [3, 4]]],
  ['json', 'int4[]', '[0:1]={7,8}', [7, 8]],
  ['json', 'bool[]', '{t,f,NULL}', [true, false, null]],
  ['json', 'text[]', '{a,"b c","d,e","\\"q\\"",NULL,"NULL","","back\\\\slash"}', ['a', 'b c', 'd,e', '"q"', null, 'NULL', '', 'back\\slash']],
  ['json', 'jsonb[]', '{"{\\"a\\": 1}","null"}', [{ a: 1 }, null]],
  ['json', 'int4[]', '{1,2', undefined],
  ['blob', 'jsonb', '{"hash":"sha256:00","sizeBytes":1,"type":"image/png"}', { hash: 'sha256:00', sizeBytes: 1, type: 'image/png' }],
  ['blob', 'text', 'sha256:00', 'sha256:00'],
  ['blob', undefined, '{"hash":"sha256:00"}', { hash: 'sha256:00' }],
]

describe('a value', () => {
  it.each(cases)('of a column %s in a Postgres %s written %s', (type, pg, text, expected) => {
    expect(cellOf(type, pgColumn(pg), text)).toEqual(expected)
  })
})

function pgColumn(type: string | undefined): PgColumn | undefined {
  if (type === undefined) return undefined
  return type.endsWith('[]') ? { type: type.slice(0, -2), dims: 1 } : { type }
}
