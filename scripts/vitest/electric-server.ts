// A database of the RFC's photos, its shapes and its mutations, for tests in a browser: `node --conditions=@bse/source electric-server.ts`. It ends with its
// standard input. `GET /rows` is what the database has; nothing but tests has such a route.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMutationHandler } from '../../packages/server/src/mutations/index.ts'
import { nodeListener } from '../../packages/server/src/node.ts'
import { createShapeHandler, openPglite } from '../../packages/server/src/shapes/index.ts'

const isThisMachine = (origin: string): boolean => URL.canParse(origin) && ['localhost', '127.0.0.1'].includes(new URL(origin).hostname)

const database = await openPglite(undefined)
await database.query('create table photos (id uuid primary key, title text not null, "takenAt" timestamptz not null, "familyId" uuid not null, image jsonb not null, audio jsonb)')
const mutations = await createMutationHandler({ database, origins: isThisMachine })
const shapes = await createShapeHandler({ database, origins: isThisMachine })

const server = createServer(nodeListener(async (request, context) => {
  const { pathname } = new URL(request.url)
  if (pathname === '/mutations') return mutations(request, context)
  if (pathname !== '/rows') return shapes(request, context)
  const rows = await database.query('select to_jsonb(photos)::text as row from photos order by id')
  return new Response(`[${rows.map(({ row }) => row).join(',')}]`, { headers: { 'access-control-allow-origin': request.headers.get('origin') ?? '*' } })
}))
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })}\n`))
process.stdin.resume().once('end', () => {
  server.closeAllConnections()
  void shapes.close().then(() => process.exit(0))
})
