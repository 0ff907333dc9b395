import { cuttingProxy } from './cutting-proxy.ts'
import { followed, rowsInDatabase } from './followed.ts'
import { THINGS } from './history.ts'
import { shapeServer, type Open } from './shape-server.ts'

const AT_ONCE = 8

/** A client for each place at which its connection is cut, every `step` bytes of all that one client is sent: each has what `select` says. */
export async function checkCuts(open: Open, mode: 'polling' | 'events', step: (lengthBytes: number) => number): Promise<void> {
  const server = await shapeServer(open, `${THINGS}; insert into things select g, 'row ' || g from generate_series(1, 5) g`)
  await followed(server, { table: 'things' }, 'polling').upToDate()
  await server.backend.run("insert into things values (6, 'after', 6); update things set title = 'changed' where id = 2; delete from things where id = 4")
  const expected = await rowsInDatabase(server, 'id, title, n, done', 'true')
  const whole = await cuttingProxy(server.port)
  await followed(whole, { table: 'things' }, mode).hasRows(expected)
  const lengthBytes = whole.sentBytes()
  const stepBytes = step(lengthBytes)
  const cuts = Array.from({ length: Math.ceil(lengthBytes / stepBytes) }, (_, index) => index * stepBytes)
  const work = async (): Promise<void> => {
    for (let cutAt = cuts.shift(); cutAt !== undefined; cutAt = cuts.shift()) {
      const proxy = await cuttingProxy(server.port, cutAt)
      await followed(proxy, { table: 'things' }, mode).hasRows(expected)
      proxy.close()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}
