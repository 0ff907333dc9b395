import { afterEach, expect, it, vi } from 'vitest'
import { BseError } from '../../src/errors.ts'
import { createSyncEngine } from '../../src/index.ts'
import type { ChangeBatch, DataProvider } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, schema, tabEnvironment, type TestEngine } from './harness.ts'

const WAIT = { timeout: 45_000 }
const open: TestEngine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

/** A server that can be set up anew: it knows no row, no blob and no id any more, and says so to whoever follows an older one. */
class ResettableServer {
  readonly remote = new FakeRemote()
  generation = 1
  #gone = Promise.withResolvers<never>()

  constructor() {
    this.#gone.promise.catch(() => undefined)
  }

  reset(): void {
    const { applied, blobs, log, rows } = this.remote
    rows.clear()
    blobs.clear()
    applied.length = 0
    log.length = 0
    this.generation += 1
    this.#gone.reject(new BseError('NETWORK', 'the server went away', { status: undefined }))
    this.#gone = Promise.withResolvers()
    this.#gone.promise.catch(() => undefined)
  }

  data(): DataProvider {
    const inner = fakeData(this.remote)
    return {
      ...inner,
      connect: async (context) => {
        const connection = await inner.connect(context)
        return { ...connection, changes: (options) => this.#changes(options) }
      },
    }
  }

  async *#changes({ cursor, signal }: { readonly cursor: unknown; readonly signal: AbortSignal }): AsyncGenerator<ChangeBatch, void, undefined> {
    const seen = cursor as { readonly generation: number; readonly position: number } | undefined
    const { generation, remote } = this
    let position = seen?.position ?? 0
    if (seen?.generation !== generation) {
      position = remote.log.length
      for (const table of Object.keys(schema)) {
        const changes = [...remote.rows].flatMap(([key, row]) => (key.startsWith(`${table}/`) ? [{ kind: 'put' as const, table, rowId: key.slice(table.length + 1), row }] : []))
        yield { changes: [], replace: { table, phase: 'begin' }, cursor: undefined, settled: [], upToDate: false }
        yield { changes, replace: { table, phase: 'end' }, cursor: { generation, position }, settled: [], upToDate: true }
      }
    }
    while (!signal.aborted) {
      await Promise.race([remote.grown(position, signal), this.#gone.promise])
      const entries = remote.log.slice(position)
      position += entries.length
      const settled = entries.flatMap(({ mutationId }) => (mutationId === undefined ? [] : [{ id: mutationId, as: 'contained' as const }]))
      yield { changes: entries.map(({ change }) => change), cursor: { generation, position }, settled, upToDate: true }
    }
  }
}

// F-58
it('sends what no server has to one that was set up anew, with bytes that the old one had, and gives nothing up', async () => {
  const [device, server] = [newDevice(), new ResettableServer()]
  const { remote } = server
  const sync = createSyncEngine({
    name: 'server-reset', schema, state: device.state, cache: { backend: device.cache, inlineMaxBytes: 1_000 }, blobs: fakeBlobs(remote), data: server.data(),
    environment: tabEnvironment(device),
  })
  open.push(sync)
  const old = await sync.photos.insert({ title: 'old', image: image(5_000, 1) })
  await sync.photos.insert({ title: 'gone with the server', image: image(300, 2) }).synced
  await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]), WAIT)

  // The bytes arrive at the old server, the rows do not.
  remote.fault = (call) => (call === 'push' ? 'fail-before' : 'pass')
  const [changed, borrows, own] = [
    sync.photos.update(old.id, { title: 'changed' }), sync.photos.insert({ title: 'borrows', image: old.image }), sync.photos.insert({ title: 'own', image: image(6_000, 3) }),
  ]
  const [, borrowing, bringing] = await Promise.all([changed, borrows, own])
  await vi.waitFor(() => expect(remote.blobs.has(bringing.image.hash)).toBe(true), WAIT)

  server.reset()
  remote.fault = () => 'pass'
  await Promise.all([borrows.synced, own.synced])
  await vi.waitFor(async () => expect(await sync.offline.pending()).toEqual([]), WAIT)
  expect([...remote.blobs.keys()].sort()).toEqual([old.image.hash, bringing.image.hash].sort())
  expect([...remote.rows.keys()].sort()).toEqual([`photos/${borrowing.id}`, `photos/${bringing.id}`].sort())
  // What the server does not have any more is not shown as if it had.
  expect((await sync.photos.where({}).orderBy('title').get()).map(({ title }) => title)).toEqual(['borrows', 'own'])
  expect((await sync.blobs.get(borrowing.image))?.size).toBe(5_000)
}, 120_000)
