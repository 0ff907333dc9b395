import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { followed, rowsInDatabase } from './support/followed.ts'
import { checkHistory } from './support/check-history.ts'
import { THINGS } from './support/history.ts'
import { backends, shapeServer } from './support/shape-server.ts'
import { cuttingProxy } from './support/cutting-proxy.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

/** `client.long.test.ts` has many. */
const SEEDS = [1]
const TRANSACTIONS = 20
const PATIENCE = { timeout: 20_000 }

describe.each(backends(() => postgres.url))('the official client with %s', (_, open) => {
  it.each(['polling', 'events'] as const)('has the rows of the table after random histories, by %s', async (mode) => {
    for (const seed of SEEDS) await checkHistory(open, { seed, transactions: TRANSACTIONS, mode })
  }, 120_000)

  it('goes on with its place and handle when the server was down', async () => {
    const server = await shapeServer(open, `${THINGS}; insert into things select g from generate_series(1, 10) g`)
    const things = followed(server, { table: 'things' }, 'polling')
    await expect.poll(() => things.rows().length, PATIENCE).toBe(10)
    const handle = things.handle()
    await server.restart()
    await server.backend.run('delete from things where id = 3')
    await expect.poll(() => things.rows().length, PATIENCE).toBe(9)
    expect(things.handle()).toBe(handle)
  }, 60_000)

  it('begins anew when its shape was given up', async () => {
    const server = await shapeServer(open, `${THINGS}; insert into things select g from generate_series(1, 10) g`, { deletion: true })
    const things = followed(server, { table: 'things' }, 'polling')
    await expect.poll(() => things.rows().length, PATIENCE).toBe(10)
    const handle = things.handle()
    expect((await fetch(`${server.url}?table=things`, { method: 'DELETE' })).status).toBe(202)
    await server.backend.run('insert into things values (11)')
    await expect.poll(() => things.rows().length, PATIENCE).toBe(11)
    expect(things.handle()).not.toBe(handle)
  }, 60_000)

  it('takes a transaction of a thousand rows whole, in many answers', async () => {
    const server = await shapeServer(open, THINGS, { limits: { chunkBytes: 10_000 } })
    const things = followed(server, { table: 'things' }, 'polling')
    await things.upToDate()
    await server.backend.run(`insert into things select g, 'row ' || g from generate_series(1, 1000) g`)
    await things.hasRows(await rowsInDatabase(server, 'id, title, n, done', 'true'))
  }, 60_000)

  it('has every row wherever the connection is cut', async () => {
    const server = await shapeServer(open, `${THINGS}; insert into things select g, 'row ' || g from generate_series(1, 5) g`)
    await followed(server, { table: 'things' }, 'polling').upToDate()
    await server.backend.run(`insert into things values (6, 'after', 6); update things set title = 'changed' where id = 2; delete from things where id = 4`)
    const expected = await rowsInDatabase(server, 'id, title, n, done', 'true')
    const whole = await cuttingProxy(server.port)
    await followed(whole, { table: 'things' }, 'polling').hasRows(expected)
    const lengthBytes = whole.sentBytes()
    const cuts = Array.from({ length: Math.ceil(lengthBytes / 37) }, (_unused, index) => index * 37)
    await Promise.all(
      cuts.map(async (cutAt) => {
        const proxy = await cuttingProxy(server.port, cutAt)
        await followed(proxy, { table: 'things' }, 'polling').hasRows(expected)
      }),
    )
  }, 60_000)
})
