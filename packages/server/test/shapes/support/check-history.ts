import { expect } from 'vitest'
import { followed, rowsInDatabase } from './followed.ts'
import { randomTransaction, seeded, THINGS } from './history.ts'
import { shapeServer, type Open } from './shape-server.ts'

const PATIENCE = { timeout: 60_000 }

/** Three shapes of one table through a history that the seed decides, with restarts of the server in it. In the end each has what `select` says. */
export async function checkHistory(open: Open, { mode, seed, transactions }: { readonly seed: number; readonly transactions: number; readonly mode: 'polling' | 'events' }): Promise<void> {
  const server = await shapeServer(open, THINGS)
  const random = seeded(seed)
  const all = followed(server, { table: 'things' }, mode)
  const some = followed(server, { table: 'things', where: 'n > $1 and not done', params: ['50'], replica: 'full' }, mode)
  const few = followed(server, { table: 'things', columns: ['id', 'n'] }, mode)
  for (let count = 0; count < transactions; count++) {
    await server.backend.run(randomTransaction(random))
    if (random(10) === 0) await server.restart()
  }
  await expect.poll(() => all.rows(), PATIENCE).toEqual(await rowsInDatabase(server, 'id, title, n, done', 'true'))
  await expect.poll(() => some.rows(), PATIENCE).toEqual(await rowsInDatabase(server, 'id, title, n, done', 'n > 50 and not done'))
  await expect.poll(() => few.rows(), PATIENCE).toEqual(await rowsInDatabase(server, 'id, n', 'true'))
  for (const one of [all, some, few]) one.stop()
}
