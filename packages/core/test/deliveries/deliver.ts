import { createSyncEngine, platformEnvironment } from '../../src/index.ts'
import { memoryCache, memoryLocks, memoryState } from '../../src/memory/index.ts'
import { FakeRemote, fakeBlobs } from '../../src/testing/index.ts'
import { createRandom } from '../simulator/random.ts'
import { RoughServer, type Roughness } from './rough-server.ts'

const schema = { counters: { id: 'uuid', count: 'integer' } } as const
const ROWS = 40
/** Writes between two looks at the server: some go together, some behind one that is on its way. */
const ROUND = 120

let runs = 0

/** Counts rows up, one by one, until the server was given `deliveries` mutations; then everything has to arrive. */
export async function deliver(seed: number, deliveries: number, roughness: Roughness): Promise<{ readonly server: RoughServer; readonly counts: ReadonlyMap<string, number> }> {
  const random = createRandom(seed)
  const server = new RoughServer(random.fork(1), roughness)
  const { clock, ...environment } = platformEnvironment()
  // Waits for time to pass are over at once: how often and in which order things arrive is what is looked at.
  const impatient = { ...clock, timer: (_: number, callback: () => void) => clock.timer(0, callback) }
  const engine = createSyncEngine({
    name: `deliveries-${(runs += 1)}`, schema, state: memoryState(), cache: { backend: memoryCache() }, data: server.provider, blobs: fakeBlobs(new FakeRemote()),
    environment: { ...environment, clock: impatient, locks: memoryLocks(), random: () => random.next() },
  })
  const counts = new Map<string, number>()
  const ids = await Promise.all(Array.from({ length: ROWS }, async () => (await engine.counters.insert({ count: 0 })).id))
  for (const id of ids) counts.set(id, 0)
  while (server.deliveries < deliveries) {
    const writes = Array.from({ length: ROUND }, () => {
      const id = ids[random.int(ids.length)] ?? ''
      const count = (counts.get(id) ?? 0) + 1
      counts.set(id, count)
      return engine.counters.update(id, { count })
    })
    await Promise.all(writes)
    if (random.chance(0.3)) await new Promise((resolve) => setImmediate(resolve))
  }
  await drained(engine)
  await engine.close()
  return { server, counts }
}

async function drained(engine: { readonly status: { getSnapshot(): { readonly pending: readonly unknown[] }; subscribe(listener: () => void): () => void } }): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (engine.status.getSnapshot().pending.length > 0) return
      unsubscribe()
      resolve()
    }
    const unsubscribe = engine.status.subscribe(look)
    look()
  })
}
