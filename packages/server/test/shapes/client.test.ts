import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { followed, rowsInDatabase } from './support/followed.ts'
import { randomTransaction, seeded, THINGS } from './support/history.ts'
import { backends, shapeServer } from './support/shape-server.ts'
import { cuttingProxy } from './support/cutting-proxy.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

const SEEDS = [1, 2, 3]
const TRANSACTIONS = 30

describe.each(backends(() => postgres.url))('the official client with %s', (_, open) => {
  it.each(['polling', 'events'] as const)('has the rows of the table after random histories, by %s', async (mode) => {
    for (const seed of SEEDS) {
      const server = await shapeServer(open, THINGS)
      const random = seeded(seed)
      const all = followed(server, { table: 'things' }, mode)
      const some = followed(server, { table: 'things', where: 'n > $1 and not done', params: ['50'], replica: 'full' }, mode)
      const few = followed(server, { table: 'things', columns: ['id', 'n'] }, mode)
      for (let count = 0; count < TRANSACTIONS; count++) {
        await server.backend.run(randomTransaction(random))
        if (random(10) === 0) await server.restart()
      }
      await expect.poll(() => all.rows(), { timeout: 20_000 }).toEqual(await rowsInDatabase(server, 'id, title, n, done', 'true'))
      await expect.poll(() => some.rows(), { timeout: 20_000 }).toEqual(await rowsInDatabase(server, 'id, title, n, done', 'n > 50 and not done'))
      await expect.poll(() => few.rows(), { timeout: 20_000 }).toEqual(await rowsInDatabase(server, 'id, n', 'true'))
      for (const one of [all, some, few]) one.stop()
    }
  }, 120_000)

  it('goes on with its place and handle when the server was down', async () => {
    const server = await shapeServer(open, `${THINGS}; insert into things select g from generate_series(1, 10) g`)
    const things = followed(server, { table: 'things' }, 'polling')
    await expect.poll(() => things.rows().length).toBe(10)
    const handle = things.handle()
    await server.restart()
    await server.backend.run('delete from things where id = 3')
    await expect.poll(() => things.rows().length).toBe(9)
    expect(things.handle()).toBe(handle)
  })

  it('begins anew when its shape was given up', async () => {
    const server = await shapeServer(open, `${THINGS}; insert into things select g from generate_series(1, 10) g`, { deletion: true })
    const things = followed(server, { table: 'things' }, 'polling')
    await expect.poll(() => things.rows().length).toBe(10)
    const handle = things.handle()
    expect((await fetch(`${server.url}?table=things`, { method: 'DELETE' })).status).toBe(202)
    await server.backend.run('insert into things values (11)')
    await expect.poll(() => things.rows().length).toBe(11)
    expect(things.handle()).not.toBe(handle)
  })

  it('takes a transaction of a thousand rows whole, in many answers', async () => {
    const server = await shapeServer(open, THINGS, { limits: { chunkBytes: 10_000 } })
    const things = followed(server, { table: 'things' }, 'polling')
    await expect.poll(() => things.isUpToDate()).toBe(true)
    const sizes: number[] = []
    onTestFinished(things.onRows((count) => sizes.push(count)))
    await server.backend.run(`insert into things select g, 'row ' || g from generate_series(1, 1000) g`)
    await expect.poll(() => things.rows().length).toBe(1_000)
    // Rows are shown when the answer that ends with up-to-date has come, never a part of the transaction.
    expect(sizes.filter((count) => count !== 0 && count !== 1_000)).toEqual([])
  })

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
