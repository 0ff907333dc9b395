import { describe, expect, it } from 'vitest'
import type { Column } from '../../src/shapes/catalog.ts'
import { understoodOrder } from '../../src/shapes/order-by.ts'
import { understoodCondition } from '../../src/shapes/where.ts'

const column = (name: string, type: string, dimensions = 0, isEnum = false): Column => ({ name, type, dimensions, isEnum, modifier: -1, notNull: false, keyIndex: undefined, isGenerated: false })
const columns = [column('id', 'int4'), column('title', 'text'), column('tags', 'text', 1), column('ok', 'bool'), column('mood', 'feeling', 0, true), column('data', 'jsonb'), column('at', 'timestamptz')]
const understood = (text: string, ...parameters: readonly string[]): Promise<string | undefined> => understoodCondition(text, { columns, parameters })

describe('a condition', () => {
  it('is written anew, so that its spelling does not matter', async () => {
    const one = await understood('id > 1 AND title = \'x\'')
    expect(await understood('  ID>1 /* why */ and "title"  =  $$x$$ -- so')).toBe(one)
    expect(one).toBe(`(("id" OPERATOR(pg_catalog.>) (1)) AND ("title" OPERATOR(pg_catalog.=) 'x'::pg_catalog."text"))`)
  })

  it('tells a parameter from a literal, and does not care for its number', async () => {
    expect(await understood('id = $1', '1')).toBe(await understood('id = $2', 'unused', '1'))
    expect(await understood('id = $1', '1')).not.toBe(await understood("id = '1'"))
  })

  it('keeps quotes and backslashes of a value inside of the value', async () => {
    const hostile = "'; drop table x; -- \\' or true"
    expect(await understood('title = $1', hostile)).toBe(`("title" OPERATOR(pg_catalog.=) CAST(E'''; drop table x; -- \\\\'' or true' AS pg_catalog."text"))`)
  })

  it.each([
    "ok", "not ok", "id in (1, 2)", "id between 1 and 2", "title like 'a%'", "title ilike $1", "title is null", "ok is not true", "id is distinct from 1", "id + 1 = 2",
    "lower(title) = 'a'", "coalesce(title, '') = ''", "'a' = any(tags)", "tags @> '{a}'", "tags[1] = 'a'", "id = any(array[1, 2])", "mood::text = 'good'", "at < '2026-01-01 00:00:00Z'", "",
  ])('may be %j', async (text) => {
    await expect(understood(text, 'x')).resolves.not.toThrow()
  })

  it.each([
    ['id = 1; drop table x', 'unescaped ";" causing statement split'],
    ['id in (select id from secrets)', 'subqueries are not supported'],
    ['exists (select 1)', 'plain column reference'],
    ['true union select 1', 'one expression'],
    ['true group by id', 'one expression'],
    ['true limit 1', 'one expression'],
    ['true for update', 'one expression'],
    ['pg_sleep(10) is null', 'unknown or unsupported function pg_sleep/1'],
    ['public.lower(title) = 1::text', 'unknown or unsupported function public.lower/1'],
    ['lower(title) over () = title', 'unknown or unsupported function lower/1'],
    ["title ~ 'a'", 'unknown binary operator "~"'],
    ["data ->> 'a' = 'b'", 'unknown binary operator "->>"'],
    ["title operator(public.=) 'a'", 'unknown binary operator "public.="'],
    ["'x'::regclass is null", 'unsupported type regclass'],
    ["title::numeric(2) = 1", 'unsupported type numeric'],
    ['current_user = title', 'is not supported in this context'],
    ['case when ok then true end', 'CaseExpr is not supported'],
    ['things.id = 1', 'unknown reference things.id'],
    ['tableoid = 1', 'unknown reference tableoid'],
    ['id = $1', 'parameter $1 was not provided'],
    ["id = 'x'", 'invalid syntax for type int4: x'],
    ["mood = 'good'", 'invalid syntax for type enum feeling: good'],
    ['title = 1', 'Could not select an operator overload'],
    ['id', 'must return a boolean'],
    [`${'('.repeat(200)}ok${') is true'.repeat(200)}`, 'nested too deeply'],
    ['ok\0', 'zero byte'],
  ])('may not be %s', async (text, why) => {
    await expect(understood(text)).rejects.toThrow(why)
  })
})

describe('an order', () => {
  it('is written anew from plain columns', async () => {
    expect(await understoodOrder('title DESC nulls last, ID', columns)).toBe('"title" DESC NULLS LAST, "id"')
  })

  it.each([
    ['lower(title)', 'FuncCall expressions are not allowed'],
    ['nope', 'unknown reference nope'],
    ['id limit 1', 'one expression'],
    ['id; drop table x', 'unescaped ";"'],
  ])('may not be %s', async (text, why) => {
    await expect(understoodOrder(text, columns)).rejects.toThrow(why)
  })
})
