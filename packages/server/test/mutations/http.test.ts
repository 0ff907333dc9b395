import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MUTATION_LIMITS } from '@bse/core/wire'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { directoryStorage } from '../../src/node.ts'
import { createMutationHandler, poolDatabase, type MutationAction } from '../../src/mutations/index.ts'
import { codeOf, randomBlob, temporaryDirectory } from '../support/test-server.ts'
import { onPostgres, session } from './support/databases.ts'
import { insert, newId, PHOTOS, pusher, schema, update } from './support/pushing.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

const open = onPostgres(() => postgres.url)

describe('a request with mutations', () => {
  it('is refused as a whole when it is none of the contract', async () => {
    const { send } = await pusher(await open(PHOTOS))
    const one = { id: newId(), ops: [insert('p1', { title: 'a' })] }
    const answers = [
      await send('nothing of this'), await send({ mutations: [{ ...one, id: 'x' }] }), await send({ mutations: Array.from({ length: MUTATION_LIMITS.maxCount + 1 }, () => one) }),
      await send({ mutations: [] }, { method: 'PUT' }), await send({ mutations: [] }, { headers: { 'content-type': 'text/plain' } }),
      await send({ mutations: [{ ...one, ops: [insert('p1', { title: 'x'.repeat(MUTATION_LIMITS.maxBodyBytes) })] }] }),
      await send({ mutations: [one] }, { headers: { origin: 'https://evil.example' } }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 405, 415, 413, 403])
    expect(answers.every(({ headers }) => headers.get('x-content-type-options') === 'nosniff' && headers.get('cache-control') === 'no-store')).toBe(true)
    expect(await (await send({ mutations: [] })).json()).toEqual({ results: [] })
  })

  it('of which one cannot be read has an outcome for each', async () => {
    const { send } = await pusher(await open(PHOTOS))
    const [bad, good] = [newId(), newId()]
    const response = await send({ mutations: [{ id: bad, ops: [{ kind: 'merge' }] }, { id: good, ops: [insert('p1', { title: 'a' })] }] })
    expect(await response.json()).toMatchObject({ results: [{ id: bad, is: 'rejected', code: 'VALIDATION_FAILED' }, { id: good, is: 'applied' }] })
  })

  it('is served to this machine alone without authorize', async () => {
    const { handler } = await pusher(await open(PHOTOS))
    const request = new Request('http://127.0.0.1/mutations', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"mutations":[]}' })
    expect((await handler(request, { remoteAddress: '10.0.0.7' })).status).toBe(403)
  })

  // F-70
  it('is allowed row by row, before anything is said about a row, by rules that ask within the transaction', async () => {
    const db = await open(`${PHOTOS} create table members (person text, album text); insert into members values ('ann', 'a1'); insert into albums values ('a1', 'Ann'), ('b1', 'Bob')`)
    const seen: MutationAction[] = []
    const { one, send } = await pusher(db, {
      authorize: async (request, action, on) => {
        seen.push(action)
        if (request.headers.get('authorization') === null) return { refuse: 'unauthorized' }
        if (action.kind === 'push') return { space: 'ann' }
        const album = action.current?.['albumId'] ?? action.values['albumId']
        const rows = await on.query("select album from members where person = 'ann' and album = $1::text", [String(album)])
        return rows.length > 0 ? { space: 'ann' } : { refuse: 'forbidden' }
      },
    })
    await db.run("insert into photos (id, title, album_id) values ('p1', 'hers', 'a1'), ('p2', 'his', 'b1')")
    await expect(one(update('p1', { title: 'x' }, null))).rejects.toThrow('401')
    expect(await codeOf(await send({ mutations: [] }))).toBe('UNAUTHORIZED')
    const headers = { authorization: 'Bearer ann' }
    const response = await send({ mutations: [
      { id: newId(), ops: [update('p1', { title: 'mine' }, { title: 'hers' })] },
      { id: newId(), ops: [update('p2', { title: 'mine' }, { title: 'not what it is' })] },
      { id: newId(), ops: [insert('p3', { title: 'x', albumId: 'a1' }), insert('p4', { title: 'x', albumId: 'b1' })] },
    ] }, { headers })
    const { results } = (await response.json()) as { readonly results: readonly unknown[] }
    expect(results).toMatchObject([{ is: 'applied' }, { is: 'rejected', code: 'FORBIDDEN' }, { is: 'rejected', code: 'FORBIDDEN' }])
    expect(JSON.stringify(results)).not.toContain('his')
    expect(seen).toContainEqual(expect.objectContaining({ kind: 'update', table: 'photos', rowId: 'p2', current: expect.objectContaining({ title: 'his' }) as unknown }))
    expect(await db.ask("select id || title from photos order by id")).toEqual(['p1mine', 'p2his'])
  })

  it('wants the bytes that its rows name, of the space that the row is in', async () => {
    const store = directoryStorage(await temporaryDirectory())
    const { one } = await pusher(await open(PHOTOS), { blobs: store, authorize: (_, action) => ({ space: action.kind !== 'push' && action.rowId === 'hers' ? 'ann' : 'bob' }) })
    const [kept, missing] = [await randomBlob(10), await randomBlob(10)]
    await store.put({ space: 'ann', hash: kept.hash }, new Blob([kept.bytes]).stream())
    const image = (hash: string): { readonly hash: string; readonly sizeBytes: number; readonly type: string } => ({ hash, sizeBytes: 10, type: 'image/png' })
    expect(await one(insert('hers', { title: 'a', image: image(missing.hash) }))).toMatchObject({ is: 'needs-blobs', hashes: [missing.hash] })
    expect(await one(insert('his', { title: 'a', image: image(kept.hash) }))).toMatchObject({ is: 'needs-blobs', hashes: [kept.hash] })
    expect(await one(insert('hers', { title: 'a', image: image(kept.hash) }))).toMatchObject({ is: 'applied' })
    await store.close()
  })

  it('is answered 500 when the database fails, and says nothing about why', async () => {
    const db = await open(PHOTOS)
    let isUp = true
    const { send } = await pusher({ database: { query: db.database.query, transaction: (work) => (isUp ? db.database.transaction(work) : Promise.reject(new Error('no route to db.internal'))) } })
    isUp = false
    const response = await send({ mutations: [{ id: newId(), ops: [insert('p1', { title: 'a' })] }] })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('db.internal')
  })
})

describe('mutations at the same time', () => {
  // F-6
  it('with one id are applied once, and all have its transaction', async () => {
    const db = await open(PHOTOS)
    const { pushAs } = await pusher(db)
    const id = newId()
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => pushAs(id, insert('p1', { title: 'a' }))))
    const [xid] = await db.ask('select xmin::text from photos')
    expect(outcomes.map((outcome) => outcome.is === 'applied' && outcome.txid)).toEqual(Array.from({ length: 12 }, () => Number(xid)))
  })

  it('of one new row: one is applied, the others hear of it', async () => {
    const db = await open(PHOTOS)
    const { one } = await pusher(db)
    const outcomes = await Promise.all(Array.from({ length: 12 }, (_, n) => one(insert('p1', { title: `by ${n}` }))))
    const [title] = await db.ask('select title from photos')
    expect(outcomes.filter(({ is }) => is === 'applied')).toHaveLength(1)
    expect(outcomes.filter(({ is }) => is === 'conflict')).toHaveLength(11)
    expect(outcomes.find(({ is }) => is === 'conflict')).toMatchObject({ current: { title } })
  })

  it('lose no step of a counter that each of them compares', async () => {
    const db = await open(PHOTOS)
    const { one } = await pusher(db)
    await one(insert('p1', { title: 'a', position: 0 }))
    const add = async (): Promise<void> => {
      for (let seen = 0; ; ) {
        const outcome = await one(update('p1', { position: seen + 1 }, { position: seen }))
        if (outcome.is === 'applied') return
        if (outcome.is === 'conflict') seen = Number(outcome.current?.['position'])
      }
    }
    await Promise.all(Array.from({ length: 10 }, add))
    expect(await db.ask('select position::text from photos')).toEqual(['10'])
  })

  it('are tried again after a deadlock and after a serialization failure', async () => {
    const db = await open(PHOTOS)
    const failures: string[] = []
    const { one } = await pusher({ database: { query: db.database.query, transaction: (work) => db.database.transaction(async (on) => {
      const result = await work(on)
      const code = failures.shift()
      if (code !== undefined) await on.query(`do $$ begin raise exception 'so it was' using errcode = '${code}'; end $$`)
      return result
    }) } })
    failures.push('40P01', '40001', '40001')
    expect(await one(insert('p1', { title: 'a' }))).toMatchObject({ is: 'applied' })
    expect(failures).toEqual([])
  })

  it('that touch the same rows in another order do not wait for each other for ever', async () => {
    const db = await open(PHOTOS)
    const { one } = await pusher(db)
    await one(insert('p1', { title: 'a' }), insert('p2', { title: 'b' }))
    const both = (first: string, second: string, n: number) => one(update(first, { caption: `${n}` }, null), update(second, { caption: `${n}` }, null))
    const outcomes = await Promise.all(Array.from({ length: 16 }, (_, n) => (n % 2 === 0 ? both('p1', 'p2', n) : both('p2', 'p1', n))))
    expect(new Set(outcomes.map(({ is }) => is))).toEqual(new Set(['applied']))
    const captions = await db.ask('select distinct caption from photos')
    expect(captions).toHaveLength(1)
  })

  it('on a row that somebody holds are told to come again', async () => {
    const db = await open(PHOTOS)
    const client = await session(postgres.url)
    const { one } = await pusher({ database: poolDatabase({
      query: async (text, values) => ({ rows: await db.database.query(text, values as string[]) }),
      connect: async () => {
        const own = await session(postgres.url)
        return { query: async (text, values) => ({ rows: (await own.query(text.replace("'10s'", "'50ms'"), values)).rows as unknown[] }), release: () => void own.end() }
      },
    }) })
    await one(insert('p1', { title: 'a' }))
    await client.query("begin; update photos set title = 'held'")
    expect(await one(update('p1', { title: 'b' }, { title: 'a' }))).toMatchObject({ is: 'retry' })
    await client.query('commit')
    await client.end()
    expect(await one(update('p1', { title: 'b' }, { title: 'a' }))).toMatchObject({ is: 'conflict' })
  })
})

it('tables of others are left alone when no schema is given', async () => {
  const db = await open(`${PHOTOS} do $$ begin create role app login; exception when duplicate_object then null; end $$; grant all on schema public to app;
    grant create on database postgres to app; alter table photos owner to app; alter table albums owner to app; create table secrets (id text primary key, body text)`)
  const url = new URL(postgres.url)
  url.username = 'app'
  const client = await session(url.href)
  const own = poolDatabase({ query: async (text, values) => client.query(text, values), connect: async () => ({ query: async (text, values) => client.query(text, values), release: () => undefined }) })
  const { one } = await pusher({ database: own }, { schema: undefined })
  expect(await one(insert('x', { body: 'a' }, 'secrets'))).toMatchObject({ is: 'rejected', code: 'VALIDATION_FAILED' })
  expect(await one(insert('a1', { name: 'a' }, 'albums'))).toMatchObject({ is: 'applied' })
  expect(await db.ask("select relation from bse_mutations.tracked order by 1")).toEqual(['"public"."albums"', '"public"."photos"'])
  await client.end()
})

it('a database that a newer version has prepared is left alone', async () => {
  const db = await open(PHOTOS)
  await createMutationHandler({ database: db.database, schema })
  await db.run('insert into bse_mutations.migration (number) values (99)')
  await expect(createMutationHandler({ database: db.database, schema })).rejects.toThrow('newer version')
})

it('servers that start together prepare the database once', async () => {
  const db = await open(PHOTOS)
  await Promise.all(Array.from({ length: 5 }, () => createMutationHandler({ database: db.database, schema, casing: 'snake' })))
  expect(await db.ask('select number::text from bse_mutations.migration')).toEqual(['1'])
})
