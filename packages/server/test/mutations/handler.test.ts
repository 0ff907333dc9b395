import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MutationOp } from '@bse/core/wire'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { databases } from './support/databases.ts'
import { insert, newId, PHOTOS, pusher, remove, update, upsert } from './support/pushing.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

const DAY_MS = 86_400_000

const CONFLICTS: readonly (readonly [name: string, op: MutationOp, expected: string])[] = [
  ['an insert of a row that is there', insert('p1', { title: 'x' }), 'conflict'],
  ['an upsert by somebody who saw no row', upsert('p1', { title: 'x' }, null), 'conflict'],
  ['an upsert by somebody who saw it', upsert('p1', { title: 'x' }, { title: 'there' }), 'applied'],
  ['an upsert of a new row', upsert('p2', { title: 'x' }, null), 'applied'],
  ['an update of other columns', update('p1', { caption: 'x' }, { caption: null }), 'applied'],
  ['an update that compares nothing', update('p1', { title: 'x' }, null), 'applied'],
  ['an update of a row that somebody deleted', update('p2', { title: 'x' }, { title: 'was' }), 'conflict'],
  ['an update that knows of the deletion', update('p2', { title: 'x' }, { title: null }), 'applied'],
  ['a deletion of what was seen', remove('p1', { title: 'there', position: 1, meta: { b: 1, a: [2] }, caption: null }), 'applied'],
  ['a deletion of what has changed', remove('p1', { title: 'was' }), 'conflict'],
  ['a deletion of what is gone', remove('p2', { title: 'was' }), 'applied'],
  ['a moment that differs below the millisecond', update('p1', { title: 'x' }, { takenAt: '2024-05-05T05:05:05.123Z' }), 'applied'],
  ['a previous value of a column that the schema dropped', update('p1', { title: 'x' }, { dropped: 1 }), 'applied'],
]

const REJECTIONS: readonly (readonly [name: string, op: MutationOp, code: string])[] = [
  ['an unknown table', insert('x', {}, 'nowhere'), 'VALIDATION_FAILED'],
  ['a table of the server itself', insert('x', {}, 'applied'), 'VALIDATION_FAILED'],
  ['a table name with SQL in it', insert('x', {}, 'photos"; drop table photos;--'), 'VALIDATION_FAILED'],
  ['an unknown column', insert('x', { title: 'a', 'title" = null;--': 1 }), 'VALIDATION_FAILED'],
  ['the name that only the database knows', insert('x', { title: 'a', is_public: true }), 'VALIDATION_FAILED'],
  ['text for a number', insert('x', { title: 'a', position: '1' }), 'VALIDATION_FAILED'],
  ['an object for text', insert('x', { title: { a: 1 } }), 'VALIDATION_FAILED'],
  ['a number that is not whole', insert('x', { title: 'a', position: 1.5 }), 'VALIDATION_FAILED'],
  ['a moment that is none', insert('x', { title: 'a', takenAt: 'yesterday-ish' }), 'VALIDATION_FAILED'],
  ['a blob that is no reference', insert('x', { title: 'a', image: { hash: 'md5:1' } }), 'VALIDATION_FAILED'],
  ['a column left out that wants a value', insert('x', {}), 'CONSTRAINT'],
  ['a row that refers to none', insert('x', { title: 'a', albumId: 'none' }), 'CONSTRAINT'],
  ['what a trigger refuses', insert('x', { title: 'forbidden' }), 'REFUSED'],
]

describe.each(databases(() => postgres.url))('mutations on %s', (_, open) => {
  it('apply every kind of value, under the names of the database', async () => {
    const db = await open(PHOTOS)
    const { one } = await pusher(db)
    const image = { hash: `sha256:${'a'.repeat(64)}`, sizeBytes: 7, type: 'image/png', width: 3 }
    const values = {
      title: "Robert'); drop table photos;--", position: -7, rating: 0.1 + 0.2, public: false, takenAt: '2024-02-29T23:59:59.999Z', meta: { a: [1, null, 'ü'] }, image, tags: ['a', 'b"c'],
    }
    expect(await one(insert('p1', values))).toMatchObject({ is: 'applied' })
    const [row] = await db.ask("select row_to_json(p)::text from (select *, taken_at = '2024-02-29 23:59:59.999+00' as same from photos) p")
    expect(JSON.parse(row ?? '')).toMatchObject({
      id: 'p1', title: values.title, position: -7, rating: 0.1 + 0.2, is_public: false, meta: values.meta, image, tags: values.tags, caption: null, same: true,
    })
  })

  it('answer with the transaction of the rows, and a place in the log that is behind its commit', async () => {
    const db = await open(PHOTOS)
    const { push } = await pusher(db)
    const [one, other] = await push([insert('p1', { title: 'a' })], [insert('p2', { title: 'b' })])
    const xids = await db.ask('select xmin::text from photos order by id')
    expect([one, other].map((outcome) => outcome?.is === 'applied' && String(outcome.txid))).toEqual(xids)
    expect(one).not.toMatchObject({ txid: (other as { txid: number }).txid })
    const [isBehind] = await db.ask(`select ((pg_current_wal_insert_lsn() - '0/0'::pg_lsn) >= ${(one as { lsn: string }).lsn} and ${(one as { lsn: string }).lsn} > 0)::text`)
    expect(isBehind).toBe('true')
  })

  it('compare what the person saw: a conflict has the row as it is, and the same id passes once it is as seen', async () => {
    const db = await open(PHOTOS)
    const { one, pushAs } = await pusher(db)
    await one(insert('p1', { title: 'a', takenAt: '2024-01-01T00:00:00.000Z' }))
    await db.run("update photos set title = 'by another', taken_at = '2024-01-01 00:00:00.000999+00', is_public = true")
    const id = newId()
    const outcome = await pushAs(id, update('p1', { title: 'mine' }, { title: 'a' }))
    expect(outcome).toMatchObject({ is: 'conflict', at: 0, current: { title: 'by another', caption: null, public: true, takenAt: '2024-01-01T00:00:00.000Z' } })
    expect(await db.ask('select title from photos')).toEqual(['by another'])
    expect(await pushAs(id, update('p1', { title: 'mine' }, { title: 'by another', takenAt: '2024-01-01T00:00:00.000Z' }))).toMatchObject({ is: 'applied' })
    expect(await db.ask('select title from photos')).toEqual(['mine'])
  })

  it('conflict where a row is not as its person saw it, and nowhere else', async () => {
    const db = await open(PHOTOS)
    const { one } = await pusher(db)
    const outcomes = []
    for (const [name, op] of CONFLICTS) {
      await db.run(`truncate photos cascade; insert into photos (id, title, position, meta, taken_at) values ('p1', 'there', 1, '{"a": [2], "b": 1}', '2024-05-05 05:05:05.123456+00')`)
      outcomes.push([name, (await one(op)).is])
    }
    expect(outcomes).toEqual(CONFLICTS.map(([name, , expected]) => [name, expected]))
  })

  it('compare blobs by what they name', async () => {
    const db = await open(PHOTOS)
    const { one } = await pusher(db)
    const ref = { hash: `sha256:${'b'.repeat(64)}`, sizeBytes: 1, type: 'image/png', name: 'a.png' }
    await one(insert('p1', { title: 'a', image: ref }))
    expect(await one(update('p1', { caption: 'x' }, { image: { ...ref, name: 'other.png' } }))).toMatchObject({ is: 'applied' })
    expect(await one(update('p1', { caption: 'y' }, { image: { ...ref, hash: `sha256:${'c'.repeat(64)}` } }))).toMatchObject({ is: 'conflict' })
  })

  // F-6
  it('apply an id once: a repetition has the first transaction and a newer place', async () => {
    const db = await open(PHOTOS)
    const { pushAs } = await pusher(db)
    const id = newId()
    const first = await pushAs(id, insert('p1', { title: 'a' }))
    await db.run("update photos set title = 'later, by another'")
    const again = await pushAs(id, insert('p1', { title: 'a' }))
    expect(again).toMatchObject({ is: 'applied', txid: (first as { txid: number }).txid })
    expect(BigInt((again as { lsn: string }).lsn)).toBeGreaterThan(BigInt((first as { lsn: string }).lsn))
    expect(await db.ask('select title from photos')).toEqual(['later, by another'])
  })

  it('refuse an id that is older than what is remembered, and forget those alone', async () => {
    const db = await open(PHOTOS)
    const { pushAs } = await pusher(db, { retentionMs: 30 * DAY_MS })
    expect(await pushAs(newId(Date.now() - 31 * DAY_MS), insert('p1', { title: 'a' }))).toMatchObject({ is: 'rejected', code: 'EXPIRED' })
    const known = newId(Date.now() - 29 * DAY_MS)
    expect(await pushAs(known, insert('p1', { title: 'a' }))).toMatchObject({ is: 'applied' })
    await db.run(`insert into bse_mutations.applied (id, txid) values ('${newId(Date.now() - 40 * DAY_MS)}', 1)`)
    const restarted = await pusher(db, { retentionMs: 30 * DAY_MS })
    expect(await restarted.pushAs(known, insert('p1', { title: 'a' }))).toMatchObject({ is: 'applied' })
    expect(await db.ask('select id::text from bse_mutations.applied')).toEqual([known])
  })

  it('apply all ops of a mutation or none, and go on with the next one', async () => {
    const db = await open(PHOTOS)
    const { push } = await pusher(db)
    const outcomes = await push(
      [insert('a1', { name: 'Summer' }, 'albums'), insert('p1', { title: 'a', albumId: 'a1' }), update('p1', { caption: 'x' }, { caption: null }), remove('p1'), insert('p1', { title: 'again' })],
      [insert('p2', { title: 'b' }), insert('p1', { title: 'there already' })],
      [insert('p3', { title: 'c' })],
    )
    expect(outcomes.map(({ is }) => is)).toEqual(['applied', 'conflict', 'applied'])
    expect(outcomes[1]).toMatchObject({ at: 1, current: { title: 'again' } })
    expect(await db.ask("select id || ':' || title from photos order by id")).toEqual(['p1:again', 'p3:c'])
  })

  it('reject what the schema or the database does not allow, and leave nothing behind', async () => {
    const db = await open(`${PHOTOS}
      create function refuse() returns trigger language plpgsql as $$ begin if new.title = 'forbidden' then raise exception 'not this'; end if; return new; end $$;
      create trigger refuse before insert on photos for each row execute function refuse();`)
    const { push } = await pusher(db)
    const outcomes = []
    for (const [index, [name, op]] of REJECTIONS.entries()) {
      const [refused, next] = await push([insert('first', { title: 'a' }), op], [insert(`next-${index}`, { title: 'b' })])
      outcomes.push([name, refused?.is === 'rejected' && refused.code, next?.is])
    }
    expect(outcomes).toEqual(REJECTIONS.map(([name, , code]) => [name, code, 'applied']))
    expect(await db.ask("select id from photos where id not like 'next-%'")).toEqual([])
    expect(await db.ask('select count(*)::text from bse_mutations.applied')).toEqual([String(REJECTIONS.length)])
  })

  it('reject a unique value that is taken', async () => {
    const db = await open(`${PHOTOS} create unique index on photos (title);`)
    const { push } = await pusher(db)
    expect(await push([insert('p1', { title: 'a' })], [insert('p2', { title: 'a' })])).toMatchObject([{ is: 'applied' }, { is: 'rejected', code: 'CONSTRAINT' }])
  })

  it('find a table and its columns under the names that are given, in the schema too', async () => {
    const db = await open('create schema if not exists archive; drop table if exists archive."Photos"; create table archive."Photos" (photo_id text primary key, headline text, image jsonb)')
    const { one } = await pusher(db, { schema: { photos: { id: 'string', title: 'string', image: 'blob' } }, tables: { photos: { table: 'archive."Photos"', columns: { id: 'photo_id', title: 'headline' } } } })
    expect(await one(insert('p1', { title: 'a', image: `sha256:${'d'.repeat(64)}` }))).toMatchObject({ is: 'applied' })
    expect(await one(update('p1', { title: 'c' }, { title: 'b' }))).toMatchObject({ is: 'conflict', current: { title: 'a' } })
    expect(await db.ask('select photo_id || headline from archive."Photos"')).toEqual(['p1a'])
    expect(await db.ask('select row_id from bse_mutations.reference')).toEqual(['p1'])
  })

  it('write to whatever tables there are when no schema is given', async () => {
    const db = await open('create table family_photos (photo_id uuid primary key, family_id int); create table no_key (a int)')
    const { one } = await pusher(db, { schema: undefined })
    const id = crypto.randomUUID()
    expect(await one(insert(id, { familyId: 3 }, 'familyPhotos'))).toMatchObject({ is: 'applied' })
    expect(await one(insert(id, { familyId: 4 }, 'familyPhotos'))).toMatchObject({ is: 'conflict', current: { familyId: 3 } })
    expect(await one(insert(id.toUpperCase(), {}, 'familyPhotos'))).toMatchObject({ is: 'rejected' })
    expect(await one(insert('x', { a: 1 }, 'noKey'))).toMatchObject({ is: 'rejected', code: 'VALIDATION_FAILED' })
    await db.run('create table made_later (id text primary key)')
    expect(await one(insert('x', {}, 'madeLater'))).toMatchObject({ is: 'applied' })
  })
})
