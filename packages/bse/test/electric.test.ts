import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import { getRequestListener } from '@hono/node-server'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createSyncEngine, type SyncEngine } from 'blob-sync-engine'
import { memoryCache, memoryState } from '@bse/core/memory'
import { FakeRemote, fakeBlobs } from '@bse/core/testing'
import { createMutationHandler } from '@bse/server/mutations'
import { createShapeHandler, pgliteDatabase } from '@bse/server/shapes'

const schema = { photos: { id: 'uuid', title: 'string', familyId: 'uuid', image: { type: 'blob', mimeTypes: ['image/*'] } } } as const
const [OURS, THEIRS] = ['018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a01', '018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a02']
const PATIENCE = { timeout: 45_000, interval: 20 }

/** Shapes and mutations of an embedded database; gives its URL, and the database. */
async function service(): Promise<{ readonly url: string; readonly pglite: PGlite }> {
  const pglite = await PGlite.create()
  await pglite.exec('create table photos (id uuid primary key, title text not null, family_id uuid not null, image jsonb not null)')
  const database = pgliteDatabase(pglite)
  const mutations = await createMutationHandler({ database, casing: 'snake' })
  const shapes = await createShapeHandler({ database })
  const listener = getRequestListener((request, env) => {
    const handler = new URL(request.url).pathname === '/mutations' ? mutations : shapes
    return handler(request, { remoteAddress: env.incoming.socket.remoteAddress })
  }, { overrideGlobalObjects: false })
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await shapes.close()
    await pglite.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pglite }
}

// R-020 R-024 R-025 R-092 R-098
it("takes rows to Postgres and back by the name 'electric-sql', with the provider's own options", async () => {
  const { url, pglite } = await service()
  const remote = new FakeRemote()
  const open = (name: string): SyncEngine<typeof schema> => {
    const sync = createSyncEngine({
      name,
      schema,
      data: { provider: 'electric-sql', config: { url, casing: 'snake', tables: { photos: { where: 'family_id = $1', params: [OURS] } } } },
      blobs: fakeBlobs(remote),
      state: memoryState(),
      cache: { backend: memoryCache() },
    })
    onTestFinished(() => sync.close())
    return sync
  }
  const [first, second] = [open('first'), open('second')]
  await pglite.exec(`insert into photos values (gen_random_uuid(), 'of others', '${THEIRS}', '{}')`)
  const image = new File([new Uint8Array(9_000)], 'a.png', { type: 'image/png' })
  const photo = await first.photos.insert({ title: 'Beach Day', familyId: OURS, image })
  await vi.waitFor(async () => expect(await second.photos.where({}).get()).toMatchObject([{ id: photo.id, title: 'Beach Day', image: photo.image }]), PATIENCE)
  await vi.waitFor(async () => expect(await first.offline.pending()).toEqual([]), PATIENCE)
  const { rows } = await pglite.query(`select title, image->>'hash' as hash from photos where family_id = '${OURS}'`)
  expect(rows).toEqual([{ title: 'Beach Day', hash: photo.image.hash }])
}, 120_000)
