import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { followed, rowsInDatabase } from './support/followed.ts'
import { checkCuts } from './support/check-cuts.ts'
import { checkHistory } from './support/check-history.ts'
import { THINGS } from './support/history.ts'
import { backends, shapeServer } from './support/shape-server.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(() => postgres.stop())

/** `client.long.test.ts` has many. */
const SEEDS = [1]
const TRANSACTIONS = 20
const CUTS = 20
const PATIENCE = { timeout: 60_000 }

describe.each(backends(() => postgres.url))('the official client with %s', (_, open) => {
  it.each(['polling', 'events'] as const)('has the rows of the table after random histories, by %s', async (mode) => {
    for (const seed of SEEDS) await checkHistory(open, { seed, transactions: TRANSACTIONS, mode })
  }, 120_000)

  it.each(['polling', 'events'] as const)('goes on with its place and handle when the server was down, by %s', async (mode) => {
    const server = await shapeServer(open, `${THINGS}; insert into things select g from generate_series(1, 10) g`)
    const things = followed(server, { table: 'things' }, mode)
    await expect.poll(() => things.rows().length, PATIENCE).toBe(10)
    const handle = things.handle()
    await server.restart()
    await server.backend.run('delete from things where id = 3')
    await expect.poll(() => things.rows().length, PATIENCE).toBe(9)
    expect(things.handle()).toBe(handle)
  }, 120_000)

  it.each(['polling', 'events'] as const)('begins anew when its shape was given up, by %s', async (mode) => {
    const server = await shapeServer(open, `${THINGS}; insert into things select g from generate_series(1, 10) g`, { deletion: true })
    const things = followed(server, { table: 'things' }, mode)
    await expect.poll(() => things.rows().length, PATIENCE).toBe(10)
    const handle = things.handle()
    expect((await fetch(`${server.url}?table=things`, { method: 'DELETE' })).status).toBe(202)
    await server.backend.run('insert into things values (11)')
    await expect.poll(() => things.rows().length, PATIENCE).toBe(11)
    expect(things.handle()).not.toBe(handle)
  }, 120_000)

  it('takes a transaction of a thousand rows whole, in many answers', async () => {
    const server = await shapeServer(open, THINGS, { limits: { chunkBytes: 10_000 } })
    const things = followed(server, { table: 'things' }, 'polling')
    await things.upToDate()
    await server.backend.run(`insert into things select g, 'row ' || g from generate_series(1, 1000) g`)
    await things.hasRows(await rowsInDatabase(server, 'id, title, n, done', 'true'))
  }, 120_000)

  it('takes a transaction of a thousand rows from a stream of events', async () => {
    const server = await shapeServer(open, THINGS)
    const things = followed(server, { table: 'things' }, 'events')
    await things.upToDate()
    await server.backend.run(`insert into things select g, 'row ' || g from generate_series(1, 1000) g`)
    await expect.poll(() => things.rows().length, PATIENCE).toBe(1_000)
    await server.backend.run(`begin; update things set n = id; delete from things where id > 900; commit`)
    await things.hasRows(await rowsInDatabase(server, 'id, title, n, done', 'true'))
  }, 120_000)

  it.each(['polling', 'events'] as const)('sees the rows of its principal alone, also as they pass from one to another, by %s', async (mode) => {
    const server = await shapeServer(open, "create table things (id int4 primary key, owner text); insert into things values (1, 'ann'), (2, 'bob')", {
      authorize: (request) => {
        const user = request.headers.get('authorization')
        return user === null ? { refuse: 'unauthorized' } : { allow: true, where: 'owner = $1', params: [user] }
      },
    })
    // Nor does a condition of their own let them see more.
    const [ann, bob] = [followed(server, { table: 'things' }, mode, { authorization: 'ann' }), followed(server, { table: 'things', where: 'true or id > $1', params: ['0'] }, mode, { authorization: 'bob' })]
    await expect.poll(() => [ann.rows(), bob.rows()], PATIENCE).toEqual([[{ id: 1, owner: 'ann' }], [{ id: 2, owner: 'bob' }]])
    await server.backend.run("update things set owner = 'bob' where id = 1; insert into things values (3, 'ann'), (4, 'eve')")
    await expect.poll(() => [ann.rows(), bob.rows()], PATIENCE).toEqual([[{ id: 3, owner: 'ann' }], [{ id: 1, owner: 'bob' }, { id: 2, owner: 'bob' }]])
  }, 120_000)

  it('has every row wherever the connection is cut', () => checkCuts(open, 'polling', (lengthBytes) => Math.ceil(lengthBytes / CUTS)), 120_000)
})
