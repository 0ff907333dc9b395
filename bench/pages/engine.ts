import { opfsCache } from '../../packages/cache-opfs/src/index.ts'
import { createSyncEngine, type SyncEngine } from '../../packages/core/src/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../packages/core/src/testing/index.ts'

const schema = { photos: { id: 'uuid', title: 'string', image: { type: 'blob', optional: true } } } as const

export type BenchEngine = SyncEngine<typeof schema>

/** As an app has it, with a server that cannot be reached: what is measured is this device. */
export function openEngine(name: string): BenchEngine {
  const remote = new FakeRemote()
  remote.fault = () => 'fail-before'
  return createSyncEngine({ name, schema, cache: { backend: opfsCache(), persist: false }, blobs: fakeBlobs(remote), data: fakeData(remote) })
}

let engines = 0

/** An empty one, ready, and nothing of it is left afterwards. */
export async function withEngine<T>(work: (sync: BenchEngine) => Promise<T>): Promise<T> {
  const sync = openEngine(`bench-${Date.now()}-${(engines += 1)}`)
  await sync.ready
  await sync.offline.pause()
  const result = await work(sync)
  await sync.logout({ pending: 'discard' })
  return result
}
