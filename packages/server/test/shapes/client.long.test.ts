import { afterAll, beforeAll, describe, it } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { checkHistory } from './support/check-history.ts'
import { cuttingProxy } from './support/cutting-proxy.ts'
import { followed, rowsInDatabase } from './support/followed.ts'
import { THINGS } from './support/history.ts'
import { backends, shapeServer } from './support/shape-server.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

const SEEDS = 40
const AT_ONCE = 40

describe.each(backends(() => postgres.url))('the official client with %s, at length', (_, open) => {
  it.each(['polling', 'events'] as const)('has the rows of the table after many histories, by %s', async (mode) => {
    for (let seed = 1; seed <= SEEDS; seed++) await checkHistory(open, { seed, transactions: 60, mode })
  })

  it('has every row with a cut at each byte', async () => {
    const server = await shapeServer(open, `${THINGS}; insert into things select g, 'row ' || g from generate_series(1, 5) g`)
    await followed(server, { table: 'things' }, 'polling').upToDate()
    await server.backend.run("insert into things values (6, 'after', 6); update things set title = 'changed' where id = 2; delete from things where id = 4")
    const expected = await rowsInDatabase(server, 'id, title, n, done', 'true')
    const whole = await cuttingProxy(server.port)
    await followed(whole, { table: 'things' }, 'polling').hasRows(expected)
    const waiting = Array.from({ length: whole.sentBytes() }, (_unused, index) => index)
    const work = async (): Promise<void> => {
      for (let cutAt = waiting.shift(); cutAt !== undefined; cutAt = waiting.shift()) {
        const proxy = await cuttingProxy(server.port, cutAt)
        await followed(proxy, { table: 'things' }, 'polling').hasRows(expected)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  })
})
